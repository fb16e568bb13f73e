import { CancelledError, UnsafeIntegerError } from '../src/protocol/row-errors.ts'
import type { WireColumn } from '../src/protocol/values.ts'
import type { WireCause, WireError } from '../src/protocol/wire-error.ts'
import type { DriverConnection } from './drivers/driver.ts'

/** An error of the host itself, in the form in which it crosses. */
export class HostError extends Error {
  readonly wire: WireError

  constructor(wire: WireError) {
    super(wire.message)
    this.wire = wire
  }
}

/** Whatever went wrong while a request was served, as plain data. */
export function toWireError(error: unknown, connection: DriverConnection): WireError {
  if (error instanceof HostError) return error.wire
  if (error instanceof CancelledError) return { family: 'cancelled', message: 'The statement was cancelled.' }
  return connection.toWireError(error)
}

/** An error of the user's own function inside the worker: the driver's errors keep their family, any other crosses as it is. */
export function userErrorToWire(error: unknown, connection: DriverConnection): WireError {
  if (error instanceof HostError) return error.wire
  const wire = connection.toWireError(error)
  if (wire.driverCode !== undefined) return wire
  const cause = toWireCause(error)
  return { family: 'user', message: cause.message, cause }
}

/** What somebody's own code has thrown. */
export function toWireCause(error: unknown): WireCause {
  const thrown = error instanceof Error ? error : new Error(`a value that is no Error was thrown: ${typeof error}`)
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
  // One behind it is enough: they may lead to each other.
  const behind =
    thrown.cause instanceof Error ? { name: thrown.cause.name, message: thrown.cause.message, stack: thrown.cause.stack } : undefined
  return { name: thrown.name, message: thrown.message, stack: thrown.stack, code, cause: behind }
}

/** Names the column whose INTEGER is too large for a number; its value stays unsaid. */
export function nameUnsafeColumn(error: unknown, columns: readonly WireColumn[]): unknown {
  if (!(error instanceof UnsafeIntegerError)) return error
  const name = columns[error.columnIndex]?.name ?? ''
  return new HostError({
    family: 'data',
    message: `Column ${error.columnIndex + 1} ("${name}") holds an INTEGER beyond 2^53 - 1, which no number holds exactly. Read it with { integers: 'bigint' }.`,
  })
}
