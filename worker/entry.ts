import { isMainThread } from 'node:worker_threads'
import type { LeaseTask } from '../src/protocol/lease-task.ts'
import { processRole, watchRole } from '../src/protocol/process-role.ts'
import { ConnectionHost } from './connection-host.ts'
import { endWithProgram, serveProcess } from './process-host.ts'

export { interrupt, loadInterrupt } from './interrupt-control.ts'

/**
 * What a worker thread does: one task is one connection. It opens, serves its port until the user's side closes it, and returns; the
 * thread then waits, warm, for the next task. A task that ends in any other way tells the user's side that the connection is lost.
 */
export default async function serveConnection(task: LeaseTask): Promise<void> {
  await new ConnectionHost(task).served
}

// One file for threads and processes: whoever has bundled the other half of the package has one file to bring along.
const [, , role, argument = ''] = process.argv
if (isMainThread && role === processRole) serveProcess(argument)
if (!isMainThread && role === watchRole) endWithProgram(Number(argument))
