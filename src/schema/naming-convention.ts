import { ArgumentError } from '../errors.ts'

/** How constraints and indexes without a name are called: texts with `{table}` and `{columns}` in them. */
export interface NamingConvention {
  readonly primaryKey?: string | undefined
  readonly unique?: string | undefined
  readonly foreignKey?: string | undefined
  readonly index?: string | undefined
  readonly check?: string | undefined
}

const kinds: readonly string[] = ['primaryKey', 'unique', 'foreignKey', 'index', 'check'] satisfies (keyof NamingConvention)[]

/** @throws {ArgumentError} a kind is unknown, or a name is no text */
export function checkConvention(convention: NamingConvention): NamingConvention {
  for (const [kind, pattern] of Object.entries(convention)) {
    if (!kinds.includes(kind)) throw new ArgumentError(`namingConvention has no "${kind}": expected one of ${kinds.join(', ')}.`)
    if (pattern !== undefined && typeof pattern !== 'string') throw new ArgumentError(`namingConvention.${kind} must be a text.`)
  }
  return Object.freeze({ ...convention })
}

/** A name made of a pattern. */
export function nameAfter(pattern: string, table: string, columns: readonly string[]): string {
  // Functions: `$` in a name means nothing.
  return pattern.replaceAll('{table}', () => table).replaceAll('{columns}', () => columns.join('_'))
}
