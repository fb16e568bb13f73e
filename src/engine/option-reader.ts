import { ArgumentError } from '../errors.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'

/** The longest delay of a timer of Node's. */
const MAX_MILLISECONDS = 2_147_483_647

/** A whole number's range, and what it is when left out. */
export interface IntegerRange {
  readonly min: number
  readonly max: number
  readonly fallback: number
}

/**
 * Reads an object of options that came from anywhere: own properties only, each one once, and none that is not known.
 * An option that is undefined counts as left out.
 */
export class OptionReader {
  readonly #kind: string
  // A map, not an object: no name has a meaning in it.
  readonly #values = new Map<string, unknown>()

  /**
   * @param kind what the options are, in the singular: `engine option`
   * @throws {ArgumentError} no object, or an unknown name in it
   */
  constructor(options: unknown, kind: string, known: readonly string[]) {
    this.#kind = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`
    if (options === undefined) return
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
      throw new ArgumentError(
        `${this.#kind}s must be an object, found ${options === null ? 'null' : Array.isArray(options) ? 'an array' : typeof options}.`,
      )
    }
    for (const [name, value] of Object.entries(options)) {
      if (!known.includes(name)) throw new ArgumentError(`Unknown ${kind} ${printableName(name)}.${didYouMean(name, known)}`)
      if (value !== undefined) this.#values.set(name, value)
    }
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** The value as it was given, unchecked. */
  take(name: string): unknown {
    return this.#values.get(name)
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.#values.get(name)
    if (value === undefined) return fallback
    if (typeof value !== 'boolean') throw this.#refusal(name, 'true or false')
    return value
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.#values.get(name)
    if (value === undefined) return fallback
    const chosen = choices.find((choice) => choice === value)
    if (chosen === undefined) throw this.#refusal(name, choices.map((choice) => `"${choice}"`).join(' or '))
    return chosen
  }

  integer(name: string, { min, max, fallback }: IntegerRange): number {
    const value = this.#values.get(name)
    if (value === undefined) return fallback
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
      throw this.#refusal(name, max === Number.MAX_SAFE_INTEGER ? `a whole number from ${min}` : `a whole number from ${min} to ${max}`)
    }
    return value
  }

  milliseconds(name: string, fallback: number): number {
    return this.integer(name, { min: 0, max: MAX_MILLISECONDS, fallback })
  }

  /** @throws {ArgumentError} the value is no number above 0, is less than `least`, or is left out */
  positive(name: string, least = 0): number {
    const value = this.#values.get(name)
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0 || value < least) {
      throw this.#refusal(name, least > 0 ? `a number from ${least}` : 'a number greater than 0')
    }
    return value
  }

  #refusal(name: string, expected: string): ArgumentError {
    return new ArgumentError(`${this.#kind} "${name}" must be ${expected}, found ${shown(this.#values.get(name))}.`)
  }
}

/** Numbers and booleans as they are; of everything else only the type, for a text may be a secret in the wrong place. */
function shown(value: unknown): string {
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value)
  return `a value of type ${typeof value}`
}
