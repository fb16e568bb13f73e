import { inspect } from 'node:util'

export type Values = Readonly<Record<string, unknown>>

/** A field of a model as plain data. */
export interface FieldShape {
  /** As they may be given, and as they are stored then. */
  readonly values: readonly (readonly [given: unknown, stored: unknown])[]
  /** What is no value of it. */
  readonly refused?: unknown
  readonly nullable?: boolean
  /** What a new row has where nothing is given. */
  readonly initial?: unknown
  /** What an update stores that does not name it. */
  readonly onUpdate?: unknown
  readonly unique?: boolean
  /** The table whose key it holds. */
  readonly to?: string
  readonly onDelete?: 'cascade' | 'set null'
}

/** A model, or a table between two, as plain data. */
export interface TableShape {
  readonly key: readonly string[]
  /** The table that has the other half of its rows. */
  readonly parent?: string
  readonly fields: Readonly<Record<string, FieldShape>>
}

export type Shapes = Readonly<Record<string, TableShape>>

/** What the database, or the mapper, is to refuse something with. */
export class Refusal extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}

/** What makes values equal. */
export function textOf(value: unknown): string {
  return inspect(value, { depth: null })
}

/** The rows that tables are to hold. Where a change is refused, it has been made in part: it is for a copy. */
export class StoredRows {
  readonly #shapes: Shapes
  readonly #tables: ReadonlyMap<string, Map<string, Values>>

  constructor(shapes: Shapes, tables: ReadonlyMap<string, ReadonlyMap<string, Values>> = new Map()) {
    this.#shapes = shapes
    this.#tables = new Map(Object.keys(shapes).map((name) => [name, new Map(tables.get(name))]))
  }

  copy(): StoredRows {
    return new StoredRows(this.#shapes, this.#tables)
  }

  shape(table: string): TableShape {
    return this.#shapes[table] as TableShape
  }

  /** With those of its parent. */
  fieldsOf(table: string): Readonly<Record<string, FieldShape>> {
    const { parent, fields } = this.shape(table)
    return parent === undefined ? fields : { ...this.fieldsOf(parent), ...fields }
  }

  keyOf(table: string, row: Values): string {
    return this.shape(table)
      .key.map((name) => textOf(row[name]))
      .join()
  }

  /** The rows of the table itself, by their keys. */
  of(table: string): Map<string, Values> {
    return this.#tables.get(table) as Map<string, Values>
  }

  /** A whole row. */
  row(table: string, key: string): Values | undefined {
    const { parent } = this.shape(table)
    const own = this.of(table).get(key)
    return own === undefined || parent === undefined ? own : { ...this.row(parent, key), ...own }
  }

  rows(table: string): readonly Values[] {
    return [...this.of(table).keys()].map((key) => this.row(table, key) as Values)
  }

  insert(table: string, row: Values): void {
    const { parent, fields } = this.shape(table)
    if (parent !== undefined) this.insert(parent, row)
    const key = this.keyOf(table, row)
    if (this.of(table).has(key)) throw new Refusal('OFFLOOP_INTEGRITY')
    this.#put(table, key, Object.fromEntries(Object.keys(fields).map((name) => [name, row[name]])))
  }

  update(table: string, keys: readonly string[], changes: Values): void {
    const { parent, fields } = this.shape(table)
    if (parent !== undefined) this.update(parent, keys, changes)
    const own = Object.fromEntries(Object.entries(changes).filter(([name]) => name in fields))
    for (const key of keys) this.#put(table, key, { ...this.of(table).get(key), ...own })
  }

  #put(table: string, key: string, row: Values): void {
    const rows = this.of(table)
    rows.set(key, row)
    for (const [name, { to, unique }] of Object.entries(this.shape(table).fields)) {
      const value = row[name]
      if (value === null) continue
      if (to !== undefined && !this.of(to).has(textOf(value))) throw new Refusal('OFFLOOP_INTEGRITY')
      const isTaken = () => [...rows].some(([other, found]) => other !== key && textOf(found[name]) === textOf(value))
      if (unique === true && isTaken()) throw new Refusal('OFFLOOP_INTEGRITY')
    }
  }

  /** With what refers to it: the row of a child, and rows whose foreign keys say so. */
  delete(table: string, keys: readonly string[]): void {
    const { parent } = this.shape(table)
    if (parent !== undefined) this.delete(parent, keys)
    else for (const key of keys) this.#drop(table, key)
  }

  #drop(table: string, key: string): void {
    if (!this.of(table).delete(key)) return
    for (const [other, { parent, fields }] of Object.entries(this.#shapes)) {
      if (parent === table) this.#drop(other, key)
      for (const [name, { to, onDelete }] of Object.entries(fields)) {
        if (to !== table) continue
        for (const [found, row] of [...this.of(other)]) {
          if (textOf(row[name]) !== key) continue
          if (onDelete === 'cascade') this.#drop(other, found)
          else this.of(other).set(found, { ...row, [name]: null })
        }
      }
    }
  }
}
