import { type InspectOptions, inspect } from 'node:util'

/**
 * What a log shows of an object whose insides are private: the facts that its user could ask it for.
 *
 * @param options of the `inspect` that asks
 */
export function inspection(name: string, facts: object, options: InspectOptions): string {
  return `${name} ${inspect(facts, options)}`
}
