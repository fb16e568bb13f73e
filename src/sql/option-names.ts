import { ArgumentError } from '../errors.ts'
import { didYouMean, printableName } from './nearest-name.ts'

/**
 * Refuses options that nobody would look at: `dropAll(engine, { table: ['logs'] })` is not to drop everything.
 *
 * @param owner what takes the options, to begin the message with: `dropAll()`
 * @throws {ArgumentError} they are no object, or one of them is not known
 */
export function checkOptionNames(options: unknown, known: readonly string[], owner: string): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ArgumentError(`The options of ${owner} must be an object.`)
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new ArgumentError(`${owner} has no option ${printableName(unknown)}.${didYouMean(unknown, known)}`)
}
