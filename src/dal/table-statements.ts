import type { Expression } from 'kysely'
import { NotSupportedError, ProgrammingError } from '../errors.ts'
import type { ConditionLike } from '../schema/condition.ts'
import type { ColumnSpecs } from '../schema/infer.ts'
import type { InsertStatement } from '../schema/insert-statement.ts'
import type { AnyTable } from '../schema/table-shape.ts'
import type { Ordering } from '../schema/value-expression.ts'
import type { AsyncResult, Executor } from '../sql/executor.ts'
import type { Compilable } from '../sql/statement.ts'
import type { Changes } from './row-marks.ts'
import { countOfRows, totalOfRows } from './total-count.ts'

// Kysely's builders know their columns by name. Here no name is known when this is compiled: the columns have been checked by the table.

interface SelectBuilder extends Compilable {
  select(selection: Expression<unknown> | object): SelectBuilder
  clearSelect(): SelectBuilder
  orderBy(order: Ordering): SelectBuilder
  limit(rows: number): SelectBuilder
  offset(rows: number): SelectBuilder
}

interface ChangeBuilder extends Compilable {
  set(changes: Changes): ChangeBuilder
  where(condition: ConditionLike): ChangeBuilder
  returningAll(): ChangeBuilder
}

interface Statements {
  select(where?: ConditionLike): unknown
  update(): unknown
  delete(): unknown
  insert(): unknown
}

export interface Selection {
  readonly where: ConditionLike | undefined
  readonly orderBy: readonly Ordering[]
  readonly limit: number | undefined
  readonly offset: number | undefined
  /** Each row has the number of all of them as `total_count`. */
  readonly withTotal?: boolean | undefined
}

/** The rows that a list asks for. */
export function selectRows(table: AnyTable & Statements, { where, orderBy, limit, offset, withTotal = false }: Selection): Compilable {
  const all = table.select(where) as SelectBuilder
  const ordered = orderBy.reduce((query, order) => query.orderBy(order), withTotal ? all.select(totalOfRows()) : all)
  if (limit === undefined && (offset === undefined || offset === 0)) return ordered
  // SQLite and MySQL have no OFFSET without a LIMIT.
  const limited = ordered.limit(limit ?? Number.MAX_SAFE_INTEGER)
  return offset === undefined || offset === 0 ? limited : limited.offset(offset)
}

/** How many rows meet the condition, as `total_count`. */
export function countRows(table: AnyTable & Statements, where: ConditionLike | undefined): Compilable {
  return (table.select(where) as SelectBuilder).clearSelect().select(countOfRows())
}

export interface RowChange {
  readonly where: ConditionLike
  /** The statement gives the rows that it has changed. */
  readonly returning: boolean
}

export function updateRows(table: AnyTable & Statements, changes: Changes, { where, returning }: RowChange): Compilable {
  const update = (table.update() as ChangeBuilder).set(changes).where(where)
  return returning ? update.returningAll() : update
}

export function deleteRows(table: AnyTable & Statements, { where, returning }: RowChange): Compilable {
  const statement = (table.delete() as ChangeBuilder).where(where)
  return returning ? statement.returningAll() : statement
}

export interface RowInsert {
  readonly returning: boolean
  /** What becomes of a row whose key is there already. */
  readonly onConflict?: { readonly target: readonly string[]; readonly set?: Changes | undefined } | undefined
}

export function insertRow(table: AnyTable & Statements, row: Changes, { returning, onConflict }: RowInsert): Compilable {
  const insert = (table.insert() as InsertStatement<string, ColumnSpecs>).values(row)
  const whole = onConflict === undefined ? insert : insert.onConflict(onConflict)
  return returning ? whole.returningAll() : whole
}

/**
 * Runs an insert that gives its row, where it is not known whether the server can: MariaDB does, and MySQL takes it for a mistake in the syntax.
 *
 * @throws {NotSupportedError} it cannot; nothing has been stored
 */
export async function insertReturning<R>(tx: Executor, table: AnyTable, statement: Compilable): Promise<AsyncResult<R>> {
  try {
    return await tx.execute<R>(statement)
  } catch (cause) {
    if (!(cause instanceof ProgrammingError) || cause.driverCode !== 'ER_PARSE_ERROR') throw cause
    // A mistake in the SQL of the program's own is one on MariaDB as well.
    if (/mariadb/i.test((await tx.scalar<string>('select version()')) ?? '')) throw cause
    throw new NotSupportedError(
      `An entity gives the row that it has inserted, and MySQL tells one by its key alone: expected a key of table "${table.key}" that is given or counted, found none; nothing has been stored. Give the key, or insert by execute().`,
      { cause },
    )
  }
}
