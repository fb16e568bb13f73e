import type { ConflictAction, IndexDescription, KeyMember, PrimaryKeyDescription, UniqueConstraintDescription } from '../descriptions.ts'
import { areSameNames, isSameName } from './names.ts'
import { parseIndexText } from './object-texts.ts'
import { disagreement, type RowsOfTable } from './rows-of-table.ts'
import type { IndexRow, MemberRow } from './schema-query.ts'
import type { KeyText } from './table-text.ts'

const NEVER_DEFERRED = { deferrable: false, initially: 'immediate', include: [] } as const

/** @throws {NotSupportedError} the text of the table says something else than SQLite */
export function describePrimaryKey(of: RowsOfTable): PrimaryKeyDescription {
  const { text, columns: all, indexes } = of
  const columns = all
    .filter(({ pk }) => pk > 0)
    .toSorted((a, b) => a.pk - b.pk)
    .map(({ name }) => name)
  const named = new Set(text.primaryKey?.members.map(({ column }) => all.find(({ name }) => isSameName(name, column))?.name ?? column))
  if (!areSameNames(columns, [...named])) throw disagreement(of.table, 'primary key')
  const { name = null, onConflict = null } = text.primaryKey ?? {}
  const index = indexes.find(({ origin }) => origin === 'pk')
  // The number of a row needs no index.
  if (index === undefined) return { name, columns, members: columns.map(plainMember), ...NEVER_DEFERRED, onConflict }
  const rows = membersOf(index, of)
  const members = rows.map((member) => keyMember(member, of))
  return { name, columns, members, ...NEVER_DEFERRED, onConflict: onConflict ?? actionOf(textsServedBy(rows, of)) }
}

/**
 * Those that an index serves: SQLite makes one of two that are the same, and none of one that is the primary key as well.
 *
 * @throws {NotSupportedError} the text of the table says something else than SQLite
 */
export function describeUniqueConstraints(of: RowsOfTable): UniqueConstraintDescription[] {
  return of.indexes
    .filter(({ origin }) => origin === 'u')
    .toSorted((a, b) => numberOf(a) - numberOf(b))
    .map((index) => {
      const members = membersOf(index, of)
      const same = textsServedBy(members, of)
      if (same.length === 0) throw disagreement(of.table, 'unique constraints')
      return {
        name: same.find(({ name }) => name !== null)?.name ?? null,
        columns: members.flatMap(({ name }) => (name === null ? [] : [name])),
        members: members.map((member) => keyMember(member, of)),
        ...NEVER_DEFERRED,
        onConflict: actionOf(same),
        nullsDistinct: true,
      }
    })
}

/** Which of the table's own indexes it is, in the order in which they were made: those that replace are listed behind all others. */
function numberOf({ name }: IndexRow): number {
  return Number(name.slice(name.lastIndexOf('_') + 1))
}

/** Where two that are the same ask for nothing and for something, the index does that; two actions are an error of SQLite's. */
function actionOf(same: readonly KeyText[]): ConflictAction | null {
  return same.find(({ onConflict }) => onConflict !== null)?.onConflict ?? null
}

/** Those of CREATE INDEX. */
export function describeIndexes(of: RowsOfTable): IndexDescription[] {
  return of.indexes.filter(({ origin }) => origin === 'c').map((index) => describeIndex(index, of))
}

function describeIndex(index: IndexRow, of: RowsOfTable): IndexDescription {
  const rows = membersOf(index, of)
  const { sql } = index
  if (sql === null) throw disagreement(of.table, 'indexes')
  const text = parseIndexText(
    sql,
    rows.map(({ desc }) => desc === 1),
  )
  const members = rows.map((row, position) => (row.cid < 0 ? expressionMember(row, text.members[position] ?? '') : keyMember(row, of)))
  return {
    name: index.name,
    columns: members.flatMap(({ column }) => (column === null ? [] : [column])),
    unique: index.unique === 1,
    where: text.where,
    members,
    ...{ method: null, include: [], nullsDistinct: true, comment: null },
    sql,
  }
}

function membersOf({ name }: IndexRow, { members }: RowsOfTable): readonly MemberRow[] {
  return members.filter(({ index }) => index === name)
}

function textsServedBy(rows: readonly MemberRow[], of: RowsOfTable): readonly KeyText[] {
  return of.text.uniqueConstraints.filter((text) => isServedBy(text, rows, of))
}

function isServedBy({ members }: KeyText, rows: readonly MemberRow[], of: RowsOfTable): boolean {
  return (
    members.length === rows.length &&
    members.every(({ column, collation }, position) => {
      const row = rows[position]
      if (row?.name == null || !isSameName(column, row.name)) return false
      return isSameName(collation ?? collationOf(row.name, of), row.coll)
    })
  )
}

function plainMember(column: string): KeyMember {
  return { column, expression: null, descending: false, collation: null, nullsFirst: null, length: null, operatorClass: null }
}

function keyMember({ name, desc, coll }: MemberRow, of: RowsOfTable): KeyMember {
  const column = name ?? ''
  const collation = isSameName(coll, collationOf(column, of)) ? null : coll
  return { ...plainMember(column), descending: desc === 1, collation }
}

/** Its collation is part of the expression. */
function expressionMember({ desc }: MemberRow, expression: string): KeyMember {
  return { ...plainMember(''), column: null, expression, descending: desc === 1 }
}

/** The one that the column was declared with. */
function collationOf(column: string, { text }: RowsOfTable): string {
  return text.columns.find(({ name }) => name === column)?.collation ?? 'BINARY'
}
