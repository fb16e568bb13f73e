import { ArgumentError, OffloopError } from '../errors.ts'
import { withoutPasswords } from './secrets.ts'

/**
 * What the command gives back to the shell. A program that is interrupted ends by the signal, which a shell shows as 130; `unread` is what a shell
 * shows of one that SIGPIPE has ended.
 */
export const ExitCode = { worked: 0, failed: 1, notUnderstood: 2, unread: 141 } as const

/** Something that cannot be done, said in words for whoever has typed the command. */
export class Failure extends Error {
  override readonly name = 'Failure'
}

/** The command line itself is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** It has failed, and has said why. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed'
}

export function exitCodeOf(error: unknown): number {
  return error instanceof UsageError || error instanceof ArgumentError ? ExitCode.notUnderstood : ExitCode.failed
}

/** An error as a person wants to read it. What nobody has foreseen comes with its stack. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof OffloopError) {
    const { driverCode }: ErrorDetails = error
    return driverCode === undefined || error.message.includes(driverCode) ? error.message : `${error.message} (${driverCode})`
  }
  const foreseen = error instanceof Failure || error instanceof UsageError || 'syscall' in error
  return foreseen ? error.message : (error.stack ?? error.message)
}

interface ErrorDetails {
  readonly code?: string
  readonly driverCode?: string
  readonly constraint?: string
  readonly table?: string
  readonly columns?: readonly string[]
}

/** The same for a program that reads what `--json` prints. */
export function errorRecord(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { message: String(error) }
  // One that says where it happened has the reason behind it.
  const reason: Error & ErrorDetails = error instanceof Failure && error.cause instanceof OffloopError ? error.cause : error
  const { code = error.name, driverCode, constraint, table, columns } = reason
  return { code, message: withoutPasswords(error.message), driverCode, constraint, table, columns }
}
