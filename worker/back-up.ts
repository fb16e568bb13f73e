import { isCancelled } from '../src/protocol/cancel-slots.ts'
import { type BackupRequest, ReplyKind } from '../src/protocol/frames.ts'
import type { Driver, DriverConnection } from './drivers/driver.ts'
import { HostError } from './host-error.ts'
import type { ReplyOutbox } from './reply-outbox.ts'
import type { Task } from './task.ts'

interface BackupContext {
  readonly driver: Driver
  readonly connection: DriverConnection
  readonly outbox: ReplyOutbox
  readonly cancelSlots: Int32Array
}

/**
 * Copies the database, tells how far that has come, and stops between two steps when its caller gives up.
 *
 * @throws {HostError} `notSupported` for a driver that cannot
 */
export function* backUp({ id, file }: BackupRequest, { driver, connection, outbox, cancelSlots }: BackupContext): Task<void> {
  if (connection.backup === undefined) {
    throw new HostError({ family: 'notSupported', message: `The driver ${driver.name} cannot back up a database while it is used.` })
  }
  yield connection.backup(file, (progress) => {
    // On the same channel as the answer, so that the last step is told before the end.
    outbox.reply({ kind: ReplyKind.value, id, flags: 0, value: progress })
    outbox.flush()
    return !isCancelled(cancelSlots, id)
  })
}
