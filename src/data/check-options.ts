import { ArgumentError } from '../errors.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'

/** Options as they were given, and what they are to be. */
export interface KnownOptions {
  /** Of the function, for messages. */
  readonly of: string
  readonly names: readonly string[]
}

/** @throws {ArgumentError} an option is none of the known, or no function or signal where one is expected */
export function checkOptionNames(options: object, { of, names }: KnownOptions): void {
  if (typeof options !== 'object' || options === null) throw new ArgumentError(`${of}() takes options: { format: 'csv', … }.`)
  const unknown = Object.keys(options).find((name) => !names.includes(name))
  if (unknown !== undefined) throw new ArgumentError(`${of}() has no option ${printableName(unknown)}.${didYouMean(unknown, names)}`)
  const { onProgress, signal } = options as { readonly onProgress?: unknown; readonly signal?: unknown }
  if (onProgress !== undefined && typeof onProgress !== 'function') throw new ArgumentError('"onProgress" must be a function.')
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new ArgumentError('"signal" must be an AbortSignal.')
}
