import { ArgumentError, NoResultFound } from '../errors.ts'
import { and, type ConditionLike } from '../schema/condition.ts'
import type { ColumnSpecs, RowOf } from '../schema/infer.ts'
import type { UnknownRow } from '../schema/insert-statement.ts'
import type { Table } from '../schema/table.ts'
import type { Ordering } from '../schema/value-expression.ts'
import type { AsyncResult, Executor } from '../sql/executor.ts'
import { checkOptionNames } from '../sql/option-names.ts'
import type { Executable } from '../sql/statement.ts'
import { assertTellsRow, hasKey, type KeyValues, keyValues, knowsKey } from './entity-key.ts'
import {
  type ChangedRow,
  checkEntityOptions,
  type EntityKey,
  type EntityOptions,
  type EntityPageRequest,
  type EntityStatements,
  type HandedRow,
  type HiddenRequest,
  type ListRequest,
  listNames,
  type NewRow,
  type Order,
  type OwnInsertsNone,
  pageNames,
  type StatementChanges,
  type UpsertRequest,
  type VersionRequest,
  type WithoutVersion,
} from './entity-options.ts'
import { FilterSet, type FilterSpecs } from './filter-set.ts'
import { checkCount, type Page, paginate } from './paginate.ts'
import { type Changes, DeletionColumn, VersionColumn } from './row-marks.ts'
import { StaleDataError } from './stale-data-error.ts'
import { countRows, deleteRows, insertReturning, insertRow, type RowInsert, selectRows, updateRows } from './table-statements.ts'

/** The rows of a table as an application handles them: each method runs through the engine, connection or transaction that it is given. */
export class Entity<N extends string, C extends ColumnSpecs, S extends FilterSpecs, New = NewRow<C>> {
  readonly table: Table<N, C>
  readonly #filters: FilterSet<FilterSpecs> | null
  readonly #deletion: DeletionColumn | null
  readonly #version: VersionColumn | null
  readonly #statements: EntityStatements<C>

  /** @throws {ArgumentError} an option is unknown, or names a column that is not there or cannot serve */
  constructor(options: EntityOptions<N, C, S>) {
    checkEntityOptions(options)
    const { table, filters, softDelete, version, statements = {} } = options
    this.table = table
    this.#filters = filters === undefined ? null : filters instanceof FilterSet ? filters : new FilterSet<FilterSpecs>(filters)
    this.#filters?.checkColumns(table)
    this.#deletion = softDelete === undefined ? null : new DeletionColumn(table, softDelete)
    this.#version = version === undefined ? null : new VersionColumn(table, version)
    this.#statements = statements
  }

  /**
   * The rows that meet the conditions.
   *
   * @throws {FilterError} a filter is unknown, or its value refused by the schema
   */
  async list(tx: Executor, request: ListRequest<C, S> = {}): Promise<RowOf<C>[]> {
    checkOptionNames(request, listNames, 'list()')
    return await tx.execute<RowOf<C>>(await this.#listing(tx, request, false)).fetchall()
  }

  /**
   * The row of a key.
   *
   * @throws {NoResultFound} there is none, or it counts as deleted
   */
  async detail(tx: Executor, key: EntityKey<C>, request: HiddenRequest = {}): Promise<RowOf<C>> {
    checkOptionNames(request, ['withDeleted'], 'detail()')
    const { withDeleted = false } = request
    const row = await this.#find(tx, keyValues(this.table, key), withDeleted)
    if (row === null) throw this.#noRow()
    return row
  }

  /**
   * Inserts a row, and gives it with its defaults.
   *
   * @throws {NotSupportedError} MySQL: the row has no key by which it could be read again; nothing has been stored
   */
  async insert(tx: Executor, data: New): Promise<RowOf<C>> {
    const row = this.#withFirstVersion(data)
    const own = this.#statements.insert?.(tx, row as HandedRow<C>)
    const result = own === undefined ? await this.#insertRow(tx, row) : await tx.execute<RowOf<C>>(own)
    if (result.returnsRows) return await result.one()
    return await this.#inserted(tx, result)
  }

  /**
   * Changes the row of a key, and gives it as it is then. The version of a versioned entity must be the one that the row still has.
   *
   * @throws {NoResultFound} there is no such row, or it counts as deleted
   * @throws {StaleDataError} the row has another version by now
   * @throws {ArgumentError} the version is missing, or the values name it
   * @throws {NotSupportedError} MySQL: the key becomes what SQL computes, by which the row could not be read again; nothing has been stored
   */
  async update(tx: Executor, key: EntityKey<C>, values: ChangedRow<C>, request: VersionRequest = {}): Promise<RowOf<C>> {
    checkOptionNames(request, ['version'], 'update()')
    const { version } = request
    const column = this.#version
    if (column !== null && version === undefined) {
      throw new ArgumentError(
        `An update of table "${this.table.key}" needs the version that was read: { version: row.${column.column.name} }.`,
      )
    }
    this.#checkVersionRequest(version)
    const found = keyValues(this.table, key)
    const given = this.#changesOf(values)
    const changes = column === null ? given : { ...given, [column.column.name]: column.after(version) }
    if (Object.keys(changes).length === 0) return await this.detail(tx, key)
    const where = and(...this.#currentRow(found, version))
    const own = this.#statements.update?.(tx, key, values as StatementChanges<C>, request)
    const changed = new Map([...found].map(([name, value]) => [name, name in given ? given[name] : value]))
    const { returning } = tx.dialect
    if (!returning) assertTellsRow(this.table, changed)
    return await this.#changeOne(tx, own ?? updateRows(this.table, changes, { where, returning }), { key: found, changed, version })
  }

  /**
   * Deletes the row of a key, or marks it as deleted, and gives it as it was, or as it is marked. With a version it must be the one that the row
   * still has.
   *
   * @throws {NoResultFound} there is no such row, or it counts as deleted
   * @throws {StaleDataError} the row has another version by now
   */
  async delete(tx: Executor, key: EntityKey<C>, request: VersionRequest = {}): Promise<RowOf<C>> {
    checkOptionNames(request, ['version'], 'delete()')
    const { version } = request
    this.#checkVersionRequest(version)
    const found = keyValues(this.table, key)
    const where = and(...this.#currentRow(found, version))
    const own = this.#statements.delete?.(tx, key, request)
    const target = { key: found, changed: found, version }
    const { returning } = tx.dialect
    if (this.#deletion !== null) {
      return await this.#changeOne(tx, own ?? updateRows(this.table, this.#deletionChanges(), { where, returning }), target)
    }
    // Where a statement does not give what it deletes, that has to be read before.
    const before = returning && own === undefined ? null : await this.#find(tx, found, false)
    return await this.#changeOne(tx, own ?? deleteRows(this.table, { where, returning }), { ...target, before })
  }

  /**
   * Inserts a row, or changes the one that has its key already to these values, and gives it. One that counts as deleted comes back. MySQL looks
   * at every unique key of the table.
   */
  async upsert(tx: Executor, values: New, request: UpsertRequest<C> = {}): Promise<RowOf<C>> {
    checkOptionNames(request, ['target'], 'upsert()')
    const row = this.#withFirstVersion(values)
    const target = this.#targetOf(request)
    const own = this.#statements.upsert?.(tx, row as HandedRow<C>, request)
    const onConflict = { target, set: this.#conflictChanges(values as object, target) }
    const named = target.every((name) => isGiven(row[name]))
    const result = own === undefined ? await this.#insertRow(tx, row, { onConflict, named }) : await tx.execute<RowOf<C>>(own)
    const given = result.returnsRows ? await result.first() : null
    if (given !== null) return given
    // Nothing was to be changed, or the database tells nothing of what it has changed.
    if (!named) return await this.#inserted(tx, result)
    const where = and(...target.map((name) => this.table.column(name).eq(row[name])))
    const statement = selectRows(this.table, { where, orderBy: [], limit: undefined, offset: undefined })
    const found = await tx.execute<RowOf<C>>(statement).first()
    if (found === null) throw this.#noRow()
    return found
  }

  /**
   * A page of a list, with the number of all rows and the URL of the next page.
   *
   * @throws {FilterError} a filter is unknown, or its value refused by the schema
   * @throws {ArgumentError} the limit or the offset is no whole number of 0 or more
   */
  async page(tx: Executor, request: EntityPageRequest<C, S>): Promise<Page<RowOf<C>>> {
    checkOptionNames(request, pageNames, 'page()')
    const { url, urlStart, offset = 0, ...listed } = request
    const { limit } = listed
    checkCount(limit, 'limit')
    const { rows, total } = await this.#rowsWithTotal(tx, { ...listed, offset })
    return paginate({ url, offset, limit, results: rows, totalCount: total, urlStart })
  }

  async #rowsWithTotal(tx: Executor, request: ListRequest<C, S>): Promise<RowsWithTotal<RowOf<C>>> {
    // A column of that name would be taken for the count.
    if (this.table.columns.some(({ name }) => name === 'total_count')) {
      const rows = await this.list(tx, request)
      return { rows, total: await tx.scalar<number>(countRows(this.table, await this.#where(request))) }
    }
    const counted = await this.#countedRows(tx, request)
    // Behind the last row there is none that could tell how many there are.
    const isPart = (request.offset ?? 0) > 0 || request.limit === 0
    const first = counted[0] ?? (isPart ? (await this.#countedRows(tx, { ...request, offset: 0, limit: 1 }))[0] : undefined)
    if (first !== undefined && first.total_count === undefined) {
      throw new ArgumentError(
        'The statement of an entity for a list must select totalCount(column), or a page does not know how many rows there are.',
      )
    }
    const total = first?.total_count ?? 0
    const rows = counted.map(({ total_count: _, ...row }) => row as RowOf<C>)
    return { rows, total }
  }

  async #countedRows(tx: Executor, request: ListRequest<C, S>): Promise<(RowOf<C> & { readonly total_count?: number })[]> {
    return await tx.execute<RowOf<C> & { readonly total_count?: number }>(await this.#listing(tx, request, true)).fetchall()
  }

  async #listing(tx: Executor, request: ListRequest<C, S>, withTotal: boolean): Promise<Executable> {
    const { limit, offset, withDeleted = false } = request
    if (limit !== undefined) checkCount(limit, 'limit')
    if (offset !== undefined) checkCount(offset, 'offset')
    const where = await this.#where(request)
    const orderBy = this.#orderOf(request)
    const own = this.#statements.list?.(tx, { where, orderBy, limit, offset, withDeleted })
    return own ?? selectRows(this.table, { where, orderBy, limit, offset, withTotal })
  }

  async #where({ where = [], filters, withDeleted = false }: ListRequest<C, S>): Promise<ConditionLike | undefined> {
    if (filters !== undefined && this.#filters === null) throw new ArgumentError(`The entity of table "${this.table.key}" has no filters.`)
    const filtered = await this.#filters?.where(this.table, filters)
    const given = Array.isArray(where) ? where : [where as ConditionLike]
    const conditions = [...given, ...(filtered === undefined ? [] : [filtered]), ...this.#visible(withDeleted)]
    return conditions.length === 0 ? undefined : and(...conditions)
  }

  #orderOf({ orderBy, limit, offset }: ListRequest<C, S>): readonly Ordering[] {
    if (orderBy === undefined) {
      // Pages without an order may show a row twice, and another one never.
      const isPart = limit !== undefined || (offset !== undefined && offset > 0)
      return isPart ? (this.table.primaryKey?.columns ?? []).map((name) => this.table.column(name).asc()) : []
    }
    const list: readonly Order<C>[] = Array.isArray(orderBy) ? orderBy : [orderBy as Order<C>]
    return list.map((order) => {
      if (typeof order !== 'string') return order
      // A name may begin with a minus by itself.
      const known = this.table.columns.some(({ name }) => name === order)
      return order.startsWith('-') && !known ? this.table.column(order.slice(1)).desc() : this.table.column(order).asc()
    })
  }

  #visible(withDeleted: boolean): readonly ConditionLike[] {
    return this.#deletion === null || withDeleted ? [] : [this.#deletion.isUnset()]
  }

  /** The row of that key, as it may be changed: there, and of that version. */
  #currentRow(key: KeyValues, version: unknown): readonly ConditionLike[] {
    const versioned = this.#version === null || version === undefined ? [] : [this.#version.column.eq(version)]
    return [hasKey(this.table, key), ...this.#visible(false), ...versioned]
  }

  async #find(tx: Executor, key: KeyValues, withDeleted: boolean): Promise<RowOf<C> | null> {
    const where = and(hasKey(this.table, key), ...this.#visible(withDeleted))
    const own = this.#statements.detail?.(tx, key.size === 1 ? [...key.values()][0] : Object.fromEntries(key), { where })
    const statement = own ?? selectRows(this.table, { where, orderBy: [], limit: undefined, offset: undefined })
    return await tx.execute<RowOf<C>>(statement).oneOrNone()
  }

  /** Runs a statement that changes one row, and gives that. */
  async #changeOne(tx: Executor, statement: Executable, target: ChangeTarget<RowOf<C>>): Promise<RowOf<C>> {
    const result = await tx.execute<RowOf<C>>(statement)
    const row = result.returnsRows ? await result.oneOrNone() : null
    if (row !== null) return row
    if (result.returnsRows || result.rowcount === 0) throw await this.#missing(tx, target)
    const after = target.before ?? (await this.#find(tx, target.changed, true))
    if (after === null) throw this.#noRow()
    return after
  }

  /** Why no row was changed: there is none, or it has another version. */
  async #missing(tx: Executor, { key, version }: ChangeTarget<RowOf<C>>): Promise<Error> {
    if (this.#version === null || version === undefined || (await this.#find(tx, key, false)) === null) return this.#noRow()
    return new StaleDataError(
      `The row of table "${this.table.key}" has another version than the one given: read it again before changing it.`,
    )
  }

  async #insertRow(tx: Executor, row: Changes, { onConflict, named = false }: RowInsertion = {}): Promise<AsyncResult<RowOf<C>>> {
    // MariaDB gives rows as well, which is needed only where nothing else tells the row.
    const returning = tx.dialect.returning || !(named || knowsKey(this.table, row))
    const statement = insertRow(this.table, row, { returning, onConflict })
    return await (returning && !tx.dialect.returning ? insertReturning(tx, this.table, statement) : tx.execute<RowOf<C>>(statement))
  }

  /** The row that an insert has made, where the statement itself does not give it. */
  async #inserted(tx: Executor, { insertedPrimaryKey }: AsyncResult<RowOf<C>>): Promise<RowOf<C>> {
    const row = await this.#find(tx, keyValues(this.table, insertedPrimaryKey), true)
    if (row === null) throw this.#noRow()
    return row
  }

  #withFirstVersion(data: unknown): Changes {
    const row = data as Changes
    const name = this.#version?.column.name
    if (name === undefined || isGiven(row[name])) return row
    const { [name]: _, ...others } = row
    const first = this.#version?.first()
    return first === undefined ? others : { ...others, [name]: first }
  }

  /** The values that are given, none of them the version, which counts by itself. */
  #changesOf(values: ChangedRow<C>): Changes {
    const given = Object.entries(values).filter(([name, value]) => this.table.column(name) !== undefined && value !== undefined)
    const { column } = this.#version ?? {}
    if (given.some(([name]) => name === column?.name)) {
      throw new ArgumentError(`Column ${column?.label} is the version of its row, which an update counts by itself: leave it out.`)
    }
    return Object.fromEntries(given)
  }

  #deletionChanges(): Changes {
    const { column } = this.#deletion as DeletionColumn
    const version = this.#version
    return { [column.name]: this.#deletion?.set(), ...(version === null ? {} : { [version.column.name]: version.next() }) }
  }

  /** What a row that is there already becomes; nothing where the row has nothing but its key. */
  #conflictChanges(values: object, target: readonly string[]): Changes {
    const version = this.#version
    const given = Object.entries(values).filter(
      ([name, value]) => value !== undefined && !target.includes(name) && name !== version?.column.name,
    )
    const revived = this.#deletion === null ? {} : { [this.#deletion.column.name]: this.#deletion.unset() }
    const changes = { ...revived, ...Object.fromEntries(given) }
    if (version === null || Object.keys(changes).length === 0) return changes
    return { ...changes, [version.column.name]: version.next() }
  }

  #targetOf({
    target = this.table.primaryKey?.columns ?? [],
  }: {
    readonly target?: string | readonly string[] | undefined
  }): readonly string[] {
    const names = typeof target === 'string' ? [target] : target
    if (names.length === 0)
      throw new ArgumentError(`upsert() of table "${this.table.key}" takes the columns of a unique key as its target.`)
    for (const name of names) this.table.column(name)
    return names
  }

  #checkVersionRequest(version: unknown): void {
    if (version !== undefined && this.#version === null) throw new ArgumentError(`The entity of table "${this.table.key}" has no versions.`)
  }

  #noRow(): NoResultFound {
    const hidden = this.#deletion === null ? '' : ', or it counts as deleted'
    return new NoResultFound(`Table "${this.table.key}" has no such row${hidden}.`)
  }
}

interface RowsWithTotal<R> {
  readonly rows: R[]
  readonly total: number | null
}

interface RowInsertion extends Pick<RowInsert, 'onConflict'> {
  /** The row can be found by what is given. */
  readonly named?: boolean
}

interface ChangeTarget<R> {
  readonly key: KeyValues
  /** The key that the row has afterwards. */
  readonly changed: KeyValues
  readonly version: unknown
  /** The row as it was, where it has gone. */
  readonly before?: R | null
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

/**
 * An entity of a table.
 *
 * @example
 * const books = entity({ table: dal.getTable('book'), filters: filterSet({ text: ['name', 'contains'] }), version: 'version' })
 * await transaction(dal, async (tx) => {
 *   const book = await books.detail(tx, 1)
 *   await books.update(tx, 1, { name: 'The Sea' }, { version: book.version })
 * })
 * @throws {ArgumentError} an option is unknown, or names a column that is not there or cannot serve
 */
export function entity<
  N extends string,
  C extends ColumnSpecs,
  const S extends FilterSpecs = Readonly<Record<never, never>>,
  const V extends keyof C & string = never,
>(options: EntityOptions<N, C, S, V> & OwnInsertsNone): Entity<N, C, S, NewRow<C, V>>
export function entity<
  N extends string,
  C extends ColumnSpecs,
  const S extends FilterSpecs = Readonly<Record<never, never>>,
  const V extends keyof C & string = never,
  Row extends object = HandedRow<C>,
>(options: EntityOptions<N, C, S, V, Row>): Entity<N, C, S, WithoutVersion<Row, V> | UnknownRow<C>>
export function entity<N extends string, C extends ColumnSpecs, S extends FilterSpecs>(
  options: EntityOptions<N, C, S>,
): Entity<N, C, S, never> {
  return new Entity<N, C, S, never>(options)
}
