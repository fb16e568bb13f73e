import { type Below, pick } from '../random-numbers.ts'
import type { LiveInstances } from './live-instances.ts'
import type { FieldShape, Values } from './stored-rows.ts'

/** Values as they are given, and as they are stored. */
export interface Chosen {
  readonly given: Record<string, unknown>
  readonly stored: Record<string, unknown>
  /** One of them is no value of its field, or missing. */
  refused: boolean
}

/** The database counts their keys. */
export const counted = (table: string): boolean => table === 'items' || table === 'books'
const nowhere = 'nowhere'

/** Chooses values of fields. */
export class RandomValues {
  readonly #below: Below
  readonly #world: LiveInstances

  constructor(below: Below, world: LiveInstances) {
    this.#below = below
    this.#world = world
  }

  /** One of so many times. */
  chance(times: number): boolean {
    return this.#below(times) === 0
  }

  /** One for each of these fields. */
  of(table: string, names: readonly string[]): Chosen {
    const chosen: Chosen = { given: {}, stored: {}, refused: false }
    const fields = this.#world.rows.fieldsOf(table)
    for (const name of names) {
      const { given, stored, refused = false } = this.#choose(fields[name] as FieldShape)
      chosen.given[name] = given
      if (refused) chosen.refused = true
      else chosen.stored[name] = stored
    }
    return chosen
  }

  #choose({ to, nullable, refused, values }: FieldShape): { readonly given: unknown; readonly stored?: unknown; readonly refused?: true } {
    if (nullable === true && this.chance(5)) return { given: null, stored: null }
    if (to !== undefined) return this.#related(to)
    if (refused !== undefined && this.chance(40)) return { given: refused, refused: true }
    const [given, stored] = pick(this.#below, values)
    return { given, stored }
  }

  /** The key of a row, or of none; or an instance that has it. */
  #related(table: string): { readonly given: unknown; readonly stored: unknown } {
    const { rows, lives } = this.#world
    const keys = [...rows.of(table).values()].map((row) => row['name'])
    const stored = keys.length === 0 || this.chance(12) ? nowhere : pick(this.#below, keys)
    const live = lives.find((found) => found.table === table && found.state.values['name'] === stored)
    return { given: live === undefined || this.chance(2) ? stored : live.instance, stored }
  }

  /** With what a new row has where nothing is given. */
  completed(table: string, { given, stored, refused }: Chosen): Chosen {
    const row = { ...stored }
    let isMissing = false
    for (const [name, { initial, nullable }] of Object.entries(this.#world.rows.fieldsOf(table))) {
      if (given[name] !== undefined || (name === 'id' && counted(table))) continue
      row[name] = initial ?? null
      if (initial === undefined && nullable !== true) isMissing = true
    }
    return { given, stored: row, refused: refused || isMissing }
  }

  /** A new row. */
  newRow(table: string): Chosen {
    const names = Object.entries(this.#world.rows.fieldsOf(table)).flatMap(([name, { initial, nullable }]) => {
      if (name === 'id' && counted(table)) return []
      const isNamed = initial === undefined && nullable !== true ? !this.chance(40) : this.chance(2)
      return isNamed ? [name] : []
    })
    return this.completed(table, this.of(table, names))
  }

  /** Some fields outside of the key. */
  names(table: string, times: number): string[] {
    const { key } = this.#world.rows.shape(table)
    return Object.keys(this.#world.rows.fieldsOf(table)).filter((name) => !key.includes(name) && this.chance(times))
  }

  /** With what an update sets by itself. */
  changes(table: string, stored: Values): Values {
    const own = Object.entries(this.#world.rows.fieldsOf(table)).flatMap(([name, { onUpdate }]) =>
      onUpdate === undefined ? [] : [[name, onUpdate]],
    )
    return { ...Object.fromEntries(own), ...stored }
  }
}
