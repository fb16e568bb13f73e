import type { LeaseTask } from '../src/protocol/lease-task.ts'
import { ConnectionHost } from './connection-host.ts'

/**
 * What a worker thread does: one task is one connection. It opens, serves its port until the user's side closes it, and returns; the
 * thread then waits, warm, for the next task. A task that ends in any other way tells the user's side that the connection is lost.
 */
export default async function serveConnection(task: LeaseTask): Promise<void> {
  await new ConnectionHost(task).served
}
