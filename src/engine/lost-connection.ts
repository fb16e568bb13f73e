import { OperationalError, WorkerTerminatedError } from '../errors.ts'

/** What is said of a call that comes after its connection was lost; `subject` is what it needed, such as "this connection". */
export function lostConnectionError(subject: string, lost: Error): Error {
  if (!(lost instanceof OperationalError)) return new WorkerTerminatedError(`The worker thread of ${subject} has ended.`, { cause: lost })
  const { driverCode } = lost
  return new OperationalError(`The server of ${subject} has ended the connection, or cannot be reached any more.`, {
    cause: lost,
    driverCode,
  })
}
