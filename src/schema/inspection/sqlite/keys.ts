import type { IndexDescription, KeyMember, PrimaryKeyDescription, UniqueConstraintDescription } from '../descriptions.ts'
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
  // The number of a row needs no index.
  const index = indexes.find(({ origin }) => origin === 'pk')
  const members = index === undefined ? columns.map(plainMember) : membersOf(index, of).map((member) => keyMember(member, of))
  return { name: text.primaryKey?.name ?? null, columns, members, ...NEVER_DEFERRED, onConflict: text.primaryKey?.onConflict ?? null }
}

/**
 * Those that an index serves: SQLite makes one of two that are the same, and none of one that is the primary key as well.
 *
 * @throws {NotSupportedError} the text of the table says something else than SQLite
 */
export function describeUniqueConstraints(of: RowsOfTable): UniqueConstraintDescription[] {
  const texts = [...of.text.uniqueConstraints]
  return of.indexes
    .filter(({ origin }) => origin === 'u')
    .map((index) => {
      const members = membersOf(index, of)
      const same = texts.filter((text) => isServedBy(text, members, of))
      const text = same.find(({ name }) => name !== null) ?? same[0]
      if (text === undefined) throw disagreement(of.table, 'unique constraints')
      texts.splice(texts.indexOf(text), 1)
      return {
        name: text.name,
        columns: members.flatMap(({ name }) => (name === null ? [] : [name])),
        members: members.map((member) => keyMember(member, of)),
        ...NEVER_DEFERRED,
        onConflict: text.onConflict,
        nullsDistinct: true,
      }
    })
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
