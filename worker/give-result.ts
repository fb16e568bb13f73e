import type { CallRequest } from '../src/protocol/frames.ts'
import { HostError, toWireCause } from './host-error.ts'
import type { ReplyOutbox } from './reply-outbox.ts'
import { describeUncloneable } from './uncloneable.ts'

/**
 * Answers with what a worker function has returned.
 *
 * @throws {HostError} `invalidRequest`: it cannot be copied
 */
export function giveResult(
  outbox: ReplyOutbox,
  { id, module, name }: CallRequest,
  { flags, result }: { readonly flags: number; readonly result: unknown },
): void {
  try {
    outbox.value(id, flags, result)
  } catch (error) {
    const expected = 'expected plain data: texts, numbers, bytes, Dates, lists and objects of these'
    throw new HostError({
      family: 'invalidRequest',
      message: `The function "${name}" of "${module}" has run, but its result cannot leave the worker: ${expected}; found ${describeUncloneable(result)}. Return what you need of it.`,
      cause: toWireCause(error),
    })
  }
}
