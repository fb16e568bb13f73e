import { randomUUID } from 'node:crypto'
import { type Expression, type OperationNode, RawNode } from 'kysely'
import { ArgumentError } from '../errors.ts'
import type { Column } from '../schema/column.ts'
import type { ColumnKind } from '../schema/column-type.ts'
import { type ConditionLike, or } from '../schema/condition.ts'
import { present } from '../schema/present.ts'
import type { AnyTable } from '../schema/table-shape.ts'
import { describeValue } from '../sql/parameters.ts'

/** Values by column. */
export type Changes = { readonly [column: string]: unknown }

type Counting = 'number' | 'bigint' | 'uuid'

const counting: Readonly<Partial<Record<ColumnKind, Counting>>> = {
  integer: 'number',
  smallInteger: 'number',
  bigInteger: 'bigint',
  uuid: 'uuid',
  string: 'uuid',
  text: 'uuid',
}

/** A column whose value changes with each change of its row: a number that counts up, or a UUID that is another one. */
export class VersionColumn {
  readonly column: Column
  readonly #counting: Counting

  /** @throws {ArgumentError} the table has no such column, or it can hold no versions */
  constructor(table: AnyTable, name: string) {
    this.column = table.column(name)
    const { kind } = this.column.type
    const found = counting[kind]
    if (found === undefined)
      throw new ArgumentError(`Column ${this.column.label}: a version is a whole number or a text, not of type ${kind}.`)
    this.#counting = found
  }

  /** Of a row that is inserted without one: what the column itself says of it goes first. */
  first(): unknown {
    const { default: initial, serverDefault } = this.column.options
    if (initial !== undefined || serverDefault !== undefined) return undefined
    return this.#counting === 'uuid' ? randomUUID() : this.#counting === 'bigint' ? 1n : 1
  }

  /** What follows a version that somebody has read; null is that of a row from before there were versions. */
  after(version: unknown): unknown {
    if (this.#counting === 'uuid') return randomUUID()
    if (version === null) return this.#counting === 'bigint' ? 1n : 1
    if (typeof version !== 'number' && typeof version !== 'bigint') {
      throw new TypeError(`Column ${this.column.label}: expected the version as a whole number, found ${describeValue(version)}.`)
    }
    return this.#counting === 'bigint' ? BigInt(version) + 1n : Number(version) + 1
  }

  /** What follows the version that the row has, whichever that is. */
  next(): unknown {
    if (this.#counting === 'uuid') return randomUUID()
    return expression(RawNode.create(['coalesce(', ', 0) + 1'], [this.column.toOperationNode()]))
  }
}

/** A column that says that a row counts as deleted: a time, a day, true, 1 or the time as a text. */
export class DeletionColumn {
  readonly column: Column
  readonly #flag: boolean

  /** @throws {ArgumentError} the table has no such column, or it can hold no mark */
  constructor(table: AnyTable, name: string) {
    this.column = table.column(name)
    const { kind } = this.column.type
    if (!markable.has(kind)) {
      throw new ArgumentError(`Column ${this.column.label}: a deletion is a time, a day, true or 1, or a text, not of type ${kind}.`)
    }
    this.#flag = flags.has(kind)
    if (!this.#flag && !this.column.nullable) {
      throw new ArgumentError(`Column ${this.column.label} is NULL in rows that are not deleted: it must be nullable.`)
    }
  }

  /** The row is there. */
  isUnset(): ConditionLike {
    return this.#flag ? or(this.column.eq(null), this.column.eq(this.unset())) : this.column.eq(null)
  }

  set(): unknown {
    switch (this.column.type.kind) {
      case 'dateTime':
      case 'date':
        return present()
      case 'boolean':
        return true
      case 'bigInteger':
        return 1n
      case 'integer':
      case 'smallInteger':
        return 1
      default:
        return present().toISOString()
    }
  }

  unset(): unknown {
    const { kind } = this.column.type
    if (!this.#flag) return null
    return kind === 'boolean' ? false : kind === 'bigInteger' ? 0n : 0
  }
}

const flags: ReadonlySet<ColumnKind> = new Set<ColumnKind>(['boolean', 'integer', 'smallInteger', 'bigInteger'])
const markable: ReadonlySet<ColumnKind> = new Set<ColumnKind>([...flags, 'dateTime', 'date', 'string', 'text'])

function expression(node: OperationNode): Expression<unknown> {
  return { expressionType: undefined, toOperationNode: () => node }
}
