import { InvalidRequestError } from '../errors.ts'
import type { Table } from '../schema/table.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'

/** What a layer knows under the names of its database. */
export interface Tables {
  readonly tables: ReadonlyMap<string, Table>
}

/** The name and the columns of a unique constraint. */
export interface UniqueKey {
  /** Null where it has none, as most have in SQLite. */
  readonly name: string | null
  readonly columns: readonly string[]
}

/**
 * The table or view of that name.
 *
 * @throws {InvalidRequestError} there is none
 */
export function findTable({ tables }: Tables, name: string): Table {
  const table = tables.get(name)
  if (table !== undefined) return table
  const asked = String(name)
  const elsewhere = [...tables.keys()].filter((key) => key.endsWith(`.${asked}`))
  const hint =
    elsewhere.length > 0 ? ` Did you mean ${elsewhere.map((key) => `"${key}"`).join(' or ')}?` : didYouMean(asked, [...tables.keys()])
  throw new InvalidRequestError(`No table or view ${printableName(asked)} was reflected.${hint}`)
}

/**
 * All unique constraints of a table, or those of a name.
 *
 * @throws {InvalidRequestError} there is neither such a table nor such a constraint
 */
export function findUniqueKeys({ tables }: Tables, name: string | Table): UniqueKey[] {
  const table = typeof name === 'string' ? tables.get(name) : name
  if (table !== undefined) return uniqueKeysOf(table)
  const all = [...tables.values()].flatMap(uniqueKeysOf)
  const named = all.filter((key) => key.name === name)
  if (named.length > 0) return named
  const asked = String(name)
  const known = [...tables.keys(), ...all.flatMap((key) => key.name ?? [])]
  throw new InvalidRequestError(`No table and no unique constraint ${printableName(asked)} was reflected.${didYouMean(asked, known)}`)
}

function uniqueKeysOf({ constraints }: Table): UniqueKey[] {
  return constraints.flatMap((constraint) =>
    constraint.kind === 'unique' ? [{ name: constraint.name ?? null, columns: [...constraint.columns] }] : [],
  )
}

/** Values that a program has given names. */
export class Aliases {
  readonly #values = new Map<string, unknown>()
  readonly #outer: Aliases | null

  /** @param outer is asked for what is not here */
  constructor(outer: Aliases | null = null) {
    this.#outer = outer
  }

  set(name: string, value: unknown): void {
    this.#values.set(name, value)
  }

  /** @throws {InvalidRequestError} nothing has that name */
  get(name: string): unknown {
    for (let aliases: Aliases | null = this; aliases !== null; aliases = aliases.#outer) {
      if (aliases.#values.has(name)) return aliases.#values.get(name)
    }
    const asked = String(name)
    throw new InvalidRequestError(`Nothing was set under the alias ${printableName(asked)}.${didYouMean(asked, this.#names())}`)
  }

  #names(): string[] {
    return [...this.#values.keys(), ...(this.#outer === null ? [] : this.#outer.#names())]
  }
}
