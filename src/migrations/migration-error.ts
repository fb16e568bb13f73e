import { OffloopError } from '../errors.ts'

/** What a `MigrationError` is about. */
export interface MigrationErrorOptions {
  readonly cause?: unknown
  /** The file that it is about, without its folder. */
  readonly file: string
  /** Of the statement in it, counted from 1. */
  readonly line?: number | undefined
}

/** `OFFLOOP_MIGRATION`: a file of migrations cannot be run, or has failed. It names the file, and the line where there is one. */
export class MigrationError extends OffloopError {
  override readonly code = 'OFFLOOP_MIGRATION'
  readonly file: string
  /** Of the statement that has failed or is refused, in a file of SQL. */
  declare readonly line: number | undefined

  static {
    this.named('MigrationError')
    Object.defineProperty(this.prototype, 'line', { value: undefined, writable: true, configurable: true })
  }

  constructor(message: string, { cause, file, line }: MigrationErrorOptions) {
    super(`${file}${line === undefined ? '' : `:${line}`}: ${message}`, {
      cause,
      retryable: cause instanceof OffloopError && cause.retryable,
    })
    this.file = file
    if (line !== undefined) this.line = line
  }
}

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : `what was thrown is no Error, but ${error === null ? 'null' : typeof error}`
}
