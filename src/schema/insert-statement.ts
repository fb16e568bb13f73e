import {
  ColumnNode,
  ColumnUpdateNode,
  type CompiledQuery,
  createQueryId,
  DefaultInsertValueNode,
  type Expression,
  InsertQueryNode,
  OnConflictNode,
  type OperationNode,
  QueryNode,
  ReferenceNode,
  SelectionNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
} from 'kysely'
import type { Dialect } from '../sql/dialect.ts'
import { describeValue } from '../sql/parameters.ts'
import type { NamedValues } from '../sql/statement.ts'
import type { Sql } from '../sql/template.ts'
import { compileRows, type RowsStatement, type TakesRows } from '../sql/typed-statement.ts'
import type { Column } from './column.ts'
import { executorOf } from './compile/neutral-query.ts'
import { insertOfRows } from './compile/rows-insert.ts'
import { isSettled, TypedValue } from './compile/typed-value.ts'
import type { ConditionLike } from './condition.ts'
import type { ColumnSpecs, InsertOf, RowOf, Shown } from './infer.ts'
import { type AnyTable, tableNode } from './table-shape.ts'

/** A row to be inserted: values, or SQL in their place. */
export type InsertValues<C extends ColumnSpecs> = {
  readonly [K in keyof InsertOf<C>]: InsertOf<C>[K] | Sql | Expression<unknown>
} & Shown

/** What else stands for values by column where the compiler does not know the columns: an interface has no index signature. */
export type UnknownRow<C extends ColumnSpecs> = { [K in keyof C]: string extends K ? NamedValues : never }[keyof C]

/** What becomes of a row whose key is there already. */
export interface OnConflict<C extends ColumnSpecs> {
  /** The columns of a unique key. MySQL looks at every unique key of the table. */
  readonly target: readonly (keyof C & string)[]
  /** What the row that is there becomes: values, or SQL such as `` sql`excluded.note` ``. Default: nothing is done. */
  readonly set?: { readonly [K in keyof InsertOf<C>]?: InsertOf<C>[K] | Sql | Expression<unknown> } | undefined
  /** Only such rows are changed. Not on MySQL. */
  readonly where?: ConditionLike | undefined
}

type UnknownConflict<C extends ColumnSpecs> = {
  [K in keyof C]: string extends K ? Omit<OnConflict<C>, 'set'> & { readonly set: NamedValues } : never
}[keyof C]

/**
 * An insert into a table; each method gives a new one. Without `values`, it is the statement of `executeMany(statement, rows)`.
 *
 * @example
 * await engine.execute(users.insert().values({ name: 'Ada' }).onConflict({ target: ['name'] }))
 */
export class InsertStatement<N extends string, C extends ColumnSpecs, R = never> implements TakesRows {
  readonly #table: AnyTable
  readonly #node: InsertQueryNode
  /** Says in its type what a row of the result is. */
  declare readonly execute: (...args: never[]) => Promise<R[]>
  declare readonly $name: N

  constructor(table: AnyTable, node: InsertQueryNode = InsertQueryNode.create(tableNode(table))) {
    this.#table = table
    this.#node = node
  }

  /**
   * One row, or several in one statement. What a row leaves out is the column's default, or NULL.
   *
   * @throws {ArgumentError} a name is none of the table's columns
   * @throws {TypeError} there is no row
   */
  values(rows: InsertValues<C> | UnknownRow<C> | readonly (InsertValues<C> | UnknownRow<C>)[]): InsertStatement<N, C, R> {
    const list: readonly object[] = Array.isArray(rows) ? rows : [rows as object]
    const names = new Set<string>()
    for (const row of list) for (const name of namesOf(row, this.#table)) names.add(name)
    if (list.length === 0) throw new TypeError('values() takes a row, or a list of one row or more.')
    if (names.size === 0 && list.length === 1) return this.#with({ ...this.#node, defaultValues: true })
    const columns = (names.size === 0 ? this.#table.columns.slice(0, 1).map(({ name }) => name) : [...names]).map((name) =>
      this.#table.column(name),
    )
    const values = ValuesNode.create(list.map((row) => ValueListNode.create(columns.map((column) => insertedNode(row, column)))))
    return this.#with({ ...this.#node, columns: columns.map(({ name }) => ColumnNode.create(name)), values })
  }

  /** The rows of a query, into these columns. */
  fromSelect(columns: readonly (keyof C & string)[], query: Expression<unknown>): InsertStatement<N, C, R> {
    const named = columns.map((name) => ColumnNode.create(this.#table.column(name).name))
    return this.#with({ ...this.#node, columns: named, values: query.toOperationNode() })
  }

  /**
   * Updates the row that is there already, or leaves it as it is: an upsert.
   *
   * @throws {ArgumentError} a name is none of the table's columns
   * @throws {TypeError} there is no target
   */
  onConflict({ target, set, where }: OnConflict<C> | UnknownConflict<C>): InsertStatement<N, C, R> {
    if (!Array.isArray(target) || target.length === 0) throw new TypeError('onConflict() takes the columns of a unique key as its target.')
    const columns = target.map((name) => ColumnNode.create(this.#table.column(name).name))
    const updates = set === undefined ? [] : namesOf(set, this.#table).map((name) => updateNode(set, this.#table.column(name)))
    const node = OnConflictNode.cloneWith(OnConflictNode.create(), {
      columns,
      ...(updates.length === 0 ? { doNothing: true } : { updates }),
    })
    const onConflict = where === undefined ? node : OnConflictNode.cloneWithUpdateWhere(node, where.toOperationNode())
    return this.#with({ ...this.#node, onConflict })
  }

  /** The result has these columns of the inserted rows; they may be given as a list. Not on MySQL. */
  returning<const K extends keyof C & string>(...columns: readonly K[]): InsertStatement<N, C, Pick<RowOf<C>, K>>
  returning<const K extends keyof C & string>(columns: readonly K[]): InsertStatement<N, C, Pick<RowOf<C>, K>>
  returning(...columns: readonly (string | readonly string[])[]): InsertStatement<N, C, never> {
    const selections = columns
      .flat()
      .map((name) => SelectionNode.create(ReferenceNode.create(ColumnNode.create(this.#table.column(name).name))))
    return new InsertStatement(this.#table, QueryNode.cloneWithReturning(this.#node, selections))
  }

  /** The result has the inserted rows. Not on MySQL. */
  returningAll(): InsertStatement<N, C, RowOf<C>> {
    return new InsertStatement(this.#table, this.returning(...this.#table.columns.map(({ name }) => name)).toOperationNode())
  }

  compile(): CompiledQuery {
    return executorOf(this.#table.metadata).compileQuery(this.#node, createQueryId())
  }

  toOperationNode(): InsertQueryNode {
    return this.#node
  }

  [compileRows](dialect: Dialect, firstRow: unknown): RowsStatement {
    return insertOfRows(this.#table, this.#node, dialect, firstRow)
  }

  #with(node: InsertQueryNode): InsertStatement<N, C, R> {
    return new InsertStatement(this.#table, node)
  }
}

/** The columns that a row names; what is undefined counts as left out. */
function namesOf(row: object, table: AnyTable): readonly string[] {
  if (typeof row !== 'object' || row === null)
    throw new TypeError(`A row of table "${table.key}" is an object by column name, found ${describeValue(row)}.`)
  return Object.keys(row).filter((name) => valueIn(row, table.column(name).name) !== undefined)
}

/** An own property, whatever its name. */
function valueIn(row: object, name: string): unknown {
  return Object.hasOwn(row, name) ? (row as { readonly [name: string]: unknown })[name] : undefined
}

function insertedNode(row: object, column: Column): OperationNode {
  const value = valueIn(row, column.name)
  return value === undefined ? DefaultInsertValueNode.create() : valueNode(value, column)
}

function updateNode(set: object, column: Column): ColumnUpdateNode {
  return ColumnUpdateNode.create(ColumnNode.create(column.name), valueNode(valueIn(set, column.name), column))
}

function valueNode(value: unknown, { type, label }: Column): OperationNode {
  if (typeof value === 'object' && value !== null && 'toOperationNode' in value && typeof value.toOperationNode === 'function') {
    return (value as Expression<unknown>).toOperationNode()
  }
  return ValueNode.create(isSettled(value) ? value : new TypedValue(value, type, label))
}
