import type { Expression } from 'kysely'
import { ArgumentError } from '../errors.ts'
import type { ConditionLike } from '../schema/condition.ts'
import type { ColumnSpecs, InsertOf, RowOf } from '../schema/infer.ts'
import type { InsertValues, UnknownRow } from '../schema/insert-statement.ts'
import { Table } from '../schema/table.ts'
import type { Ordering } from '../schema/value-expression.ts'
import type { Executor } from '../sql/executor.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'
import { checkOptionNames } from '../sql/option-names.ts'
import { describeValue } from '../sql/parameters.ts'
import type { Executable } from '../sql/statement.ts'
import type { Sql } from '../sql/template.ts'
import type { FilterSet, FilterSpecs, FilterValues } from './filter-set.ts'

/** What an entity is: a table, and what its rows are to be asked by and kept by. */
export interface EntityOptions<
  N extends string,
  C extends ColumnSpecs,
  S extends FilterSpecs,
  V extends keyof C & string = keyof C & string,
  Row extends object = HandedRow<C>,
> {
  readonly table: Table<N, C>
  readonly filters?: FilterSet<S> | S | undefined
  /** The column that says that a row counts as deleted. */
  readonly softDelete?: (keyof C & string) | undefined
  /** The column that says which version of its row a program has read. */
  readonly version?: V | undefined
  /** Statements of one's own in the place of those that the table gives. */
  readonly statements?: EntityStatements<C, Row> | undefined
}

/** An entity without a statement of one's own that takes new rows. */
export interface OwnInsertsNone {
  readonly statements?: { readonly insert?: undefined; readonly upsert?: undefined } | undefined
}

/**
 * Statements that give the rows that they read or change: with RETURNING, or without where a key leads to the row. An insert of one's own says
 * what it takes, and the entity takes that: `insert: (tx, data: { name: string }) => …`. Where it says nothing, it may fill in any column.
 */
export interface EntityStatements<C extends ColumnSpecs = ColumnSpecs, Row extends object = HandedRow<C>> {
  /** `where` has the condition, the filters and what hides deleted rows in it. */
  list?(tx: Executor, request: ListStatementRequest): Executable
  detail?(tx: Executor, key: unknown, request: { readonly where: ConditionLike }): Executable
  insert?(tx: Executor, data: Row): Executable
  update?(tx: Executor, key: unknown, values: StatementChanges<C>, request: VersionRequest): Executable
  delete?(tx: Executor, key: unknown, request: VersionRequest): Executable
  upsert?(tx: Executor, values: Row, request: UpsertRequest<C>): Executable
}

/** What an insert takes; the version, the column of the name `V`, may be left to the entity. */
export type NewRow<C extends ColumnSpecs, V = never> = WithoutVersion<InsertValues<C>, V> | UnknownRow<C>

/** What an insert of one's own takes that says nothing about it. */
export type HandedRow<C extends ColumnSpecs> = Partial<InsertValues<C>>

/** `Row`, in which the version may be left out. */
export type WithoutVersion<Row, V> = [V] extends [never]
  ? Row
  : { [K in keyof Row as Exclude<K, V>]: Row[K] } & { [K in keyof Row as K & V]?: Row[K] | undefined }

/** Columns with other values. */
export type ChangedRow<C extends ColumnSpecs> = { readonly [K in keyof InsertOf<C>]?: InsertValues<C>[K] | undefined } | UnknownRow<C>

/** The same, as the builder of an update takes it. */
export type StatementChanges<C extends ColumnSpecs> = {
  readonly [K in keyof InsertOf<C>]?: InsertOf<C>[K] | Sql | Expression<NonNullable<InsertOf<C>[K]>> | undefined
}

/** A row's key: its value; of a composite key the list of them, or an object by column. */
export type EntityKey<C extends ColumnSpecs> = unknown | { readonly [K in keyof RowOf<C>]?: RowOf<C>[K] }

/** '-name' counts down. */
export type Order<C extends ColumnSpecs> = (keyof C & string) | `-${keyof C & string}` | Ordering

export interface HiddenRequest {
  /** Rows that count as deleted, too. Default: false. */
  readonly withDeleted?: boolean | undefined
}

/** Which rows `entity.list()` gives, and in which order. */
export interface ListRequest<C extends ColumnSpecs, S extends FilterSpecs> extends HiddenRequest {
  /** One condition, or several that must all hold. */
  readonly where?: ConditionLike | readonly ConditionLike[] | undefined
  readonly filters?: FilterValues<S, C> | undefined
  /** Default: the primary key where there is a limit or an offset, and else none. */
  readonly orderBy?: Order<C> | readonly Order<C>[] | undefined
  readonly limit?: number | undefined
  readonly offset?: number | undefined
}

export const listNames: readonly string[] = ['where', 'filters', 'orderBy', 'limit', 'offset', 'withDeleted'] satisfies (keyof ListRequest<
  ColumnSpecs,
  FilterSpecs
>)[]

/** What a statement of one's own for a list is told. */
export interface ListStatementRequest {
  readonly where: ConditionLike | undefined
  readonly orderBy: readonly Ordering[]
  readonly limit: number | undefined
  readonly offset: number | undefined
  readonly withDeleted: boolean
}

/** Which version of a row is to be changed. */
export interface VersionRequest {
  /** The one that was read. */
  readonly version?: unknown
}

/** By which key `entity.upsert()` finds the row that is there. */
export interface UpsertRequest<C extends ColumnSpecs> {
  /** The columns of a unique key. Default: the primary key. */
  readonly target?: (keyof C & string) | readonly (keyof C & string)[] | undefined
}

/** Which page `entity.page()` gives. */
export interface EntityPageRequest<C extends ColumnSpecs, S extends FilterSpecs> extends Omit<ListRequest<C, S>, 'limit'> {
  /** Of the request that the page answers. */
  readonly url: string | URL
  readonly limit: number
  /** As `paginate` takes it. */
  readonly urlStart?: string | undefined
}

export const pageNames: readonly string[] = [...listNames, 'url', 'urlStart']

const optionNames = ['table', 'filters', 'softDelete', 'version', 'statements']
const statementNames = ['list', 'detail', 'insert', 'update', 'delete', 'upsert']

/** @throws {ArgumentError} an option or a statement is unknown */
export function checkEntityOptions(options: object): void {
  checkOptionNames(options, optionNames, 'An entity')
  const { table, statements } = options as { readonly table?: unknown; readonly statements?: object }
  if (!(table instanceof Table)) throw new ArgumentError(`An entity is made of a table, found ${describeValue(table)}.`)
  if (statements === undefined) return
  checkStatementNames(statements)
  const wrong = Object.entries(statements).find(([, make]) => make !== undefined && typeof make !== 'function')
  if (wrong !== undefined) throw new ArgumentError(`The statement "${wrong[0]}" of an entity is a function that makes it.`)
}

function checkStatementNames(given: object): void {
  const stray = Object.keys(given).find((name) => !statementNames.includes(name))
  if (stray !== undefined)
    throw new ArgumentError(`An entity has no statement ${printableName(stray)}.${didYouMean(stray, statementNames)}`)
}
