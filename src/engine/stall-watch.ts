import { type Backlog, stalledAfterMs } from './backlog.ts'
import type { PhysicalConnection } from './physical-connection.ts'

/** A test that fakes timers does not mean this one. */
const { setTimeout: after } = globalThis

/** Looks now and then whether statements stand behind one that takes long, as long as any stand behind others. */
export class StallWatch {
  readonly #look: () => boolean
  #timer: NodeJS.Timeout | null = null

  /** @param look does what is to be done, and says whether there is still something to watch */
  constructor(look: () => boolean) {
    this.#look = look
  }

  /** A statement has been sent behind another one. */
  begin(): void {
    this.#timer ??= after(() => this.#fire(), stalledAfterMs).unref()
  }

  #fire(): void {
    this.#timer = null
    if (this.#look()) this.begin()
  }
}

/** Whether others stand behind a statement of the connection that takes long. */
export function isStalled(connection: PhysicalConnection, backlog: Backlog): boolean {
  if (!backlog.isStalled(connection.pending, performance.now())) return false
  // Timers come before messages: behind a long stop of the event loop the answers may have been there in time.
  connection.lease.channel.readRest()
  return backlog.isStalled(connection.pending, performance.now())
}
