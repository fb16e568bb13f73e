import type { Column } from '../../schema/column.ts'
import type { ForeignKeyConstraint, Index, UniqueConstraint } from '../../schema/constraints.ts'
import type { AnyTable } from '../../schema/table-shape.ts'
import type { Dialect } from '../../sql/dialect.ts'
import { type CheckFact, type ColumnFacts, type Facts, factsOf } from './table-facts.ts'

/** What has to go and what has to come. */
export interface Exchange<T> {
  readonly dropped: readonly T[]
  readonly added: readonly T[]
}

/** A column that is another one under the same name. */
export interface ColumnChange {
  readonly from: Column
  readonly to: Column
  readonly was: ColumnFacts
  readonly is: ColumnFacts
}

/** What makes one table out of another of the same name. */
export interface TableChange {
  readonly from: AnyTable
  readonly to: AnyTable
  readonly columns: Exchange<Column>
  readonly changed: readonly ColumnChange[]
  readonly primaryKey: boolean
  readonly uniques: Exchange<UniqueConstraint | Index>
  readonly checks: Exchange<CheckFact>
  readonly foreignKeys: Exchange<ForeignKeyConstraint>
  readonly indexes: Exchange<Index>
  /** Of the table as a whole. */
  readonly options: boolean
}

/** What makes one schema out of another. */
export interface SchemaChanges {
  readonly created: readonly AnyTable[]
  readonly dropped: readonly AnyTable[]
  readonly changed: readonly TableChange[]
  /** All that was there. */
  readonly before: readonly AnyTable[]
}

/** Tables by their key. */
export type Tables = ReadonlyMap<string, AnyTable>

/**
 * Holds two schemas against each other. A name is all that makes two things one: what was renamed is dropped and created.
 *
 * @param spelled tables of `wanted` as the database would spell them
 */
export function changesBetween(live: Tables, wanted: Tables, dialect: Dialect, spelled: Tables): SchemaChanges {
  return {
    created: [...wanted.values()].filter(({ key }) => !live.has(key)),
    dropped: [...live.values()].filter(({ key }) => !wanted.has(key)),
    changed: [...wanted.values()].flatMap((to) => {
      const from = live.get(to.key)
      return from === undefined ? [] : (tableChange(from, to, dialect, spelled.get(to.key)) ?? [])
    }),
    before: [...live.values()],
  }
}

/** What makes the first schema out of the second again. */
export function reversed({ created, dropped, changed, before }: SchemaChanges): SchemaChanges {
  const after = new Map(changed.map(({ from, to }) => [from, to]))
  const kept = before.filter((table) => !dropped.includes(table)).map((table) => after.get(table) ?? table)
  return { created: dropped, dropped: created, changed: changed.map(reversedChange), before: [...kept, ...created] }
}

function reversedChange({ from, to, columns, changed, primaryKey, options, ...others }: TableChange): TableChange {
  return {
    from: to,
    to: from,
    columns: exchanged(columns),
    changed: changed.map((column) => ({ from: column.to, to: column.from, was: column.is, is: column.was })),
    primaryKey,
    uniques: exchanged(others.uniques),
    checks: exchanged(others.checks),
    foreignKeys: exchanged(others.foreignKeys),
    indexes: exchanged(others.indexes),
    options,
  }
}

function exchanged<T>({ dropped, added }: Exchange<T>): Exchange<T> {
  return { dropped: added, added: dropped }
}

function tableChange(from: AnyTable, to: AnyTable, dialect: Dialect, spelled: AnyTable | undefined): TableChange | null {
  const was = factsOf(from, dialect)
  const is = factsOf(to, dialect, spelled)
  // What says what the database says needs no other spelling: of its own casts PostgreSQL would write more.
  const plain = spelled === undefined ? is : factsOf(to, dialect)
  const change: TableChange = {
    from,
    to,
    columns: {
      dropped: from.columns.filter(({ name }) => !is.columns.has(name)),
      added: to.columns.filter(({ name }) => !was.columns.has(name)),
    },
    changed: to.columns.flatMap((column) => {
      const [before, after, asSaid] = [was, is, plain].map(({ columns }) => columns.get(column.name))
      return changeOfColumn(from, column, before, after === undefined ? undefined : agreeing(after, before, asSaid))
    }),
    primaryKey: was.primaryKey !== is.primaryKey,
    uniques: exchange(was.uniques, is.uniques),
    checks: exchange(was.checks, is.checks, plain.checks, ({ constraint }) => constraint),
    foreignKeys: exchange(was.foreignKeys, is.foreignKeys),
    indexes: exchange(was.indexes, is.indexes, plain.indexes),
    options: was.options !== is.options,
  }
  return isEmpty(change) ? null : change
}

function changeOfColumn(from: AnyTable, to: Column, was: ColumnFacts | undefined, is: ColumnFacts | undefined): readonly ColumnChange[] {
  if (was === undefined || is === undefined || JSON.stringify(was) === JSON.stringify(is)) return []
  return [{ from: from.column(to.name), to, was, is }]
}

/** The same column, its expressions as they were said where the database says the same. */
function agreeing(is: ColumnFacts, was: ColumnFacts | undefined, plain: ColumnFacts | undefined): ColumnFacts {
  if (was === undefined || plain === undefined) return is
  return {
    ...is,
    ...(plain.default === was.default ? { default: was.default } : {}),
    ...(plain.generated === was.generated ? { generated: was.generated } : {}),
  }
}

/**
 * @param plain what is wanted, as it was said
 * @param identity what makes a thing of `is` and one of `plain` the same
 */
function exchange<T>(was: Facts<T>, is: Facts<T>, plain: Facts<T> = is, identity: (item: T) => unknown = (item) => item): Exchange<T> {
  const settled = new Set([...plain].filter(([fact]) => was.has(fact)).flatMap(([, members]) => members.map(identity)))
  return {
    dropped: [...was].flatMap(([fact, members]) => (is.has(fact) || plain.has(fact) ? [] : members)),
    added: [...is].flatMap(([fact, members]) => (was.has(fact) ? [] : members.filter((item) => !settled.has(identity(item))))),
  }
}

function isEmpty({ columns, changed, primaryKey, options, ...others }: TableChange): boolean {
  const exchanges: readonly Exchange<unknown>[] = [columns, others.uniques, others.checks, others.foreignKeys, others.indexes]
  return changed.length === 0 && !primaryKey && !options && exchanges.every(({ dropped, added }) => dropped.length + added.length === 0)
}
