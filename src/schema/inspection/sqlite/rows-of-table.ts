import { NotSupportedError } from '../../../errors.ts'
import type {
  ColumnRow,
  ForeignKeyRow,
  IndexRow,
  MemberRow,
  Owner,
  ParentKeyRow,
  SchemaRows,
  TableRow,
  TriggerRow,
} from './schema-query.ts'
import { parseTableText, type TableText } from './table-text.ts'

/** All that was read about one table, in the order in which it was declared. */
export interface RowsOfTable {
  readonly table: TableRow
  readonly columns: readonly ColumnRow[]
  readonly foreignKeys: readonly ForeignKeyRow[]
  readonly parentKeys: readonly ParentKeyRow[]
  readonly indexes: readonly IndexRow[]
  readonly members: readonly MemberRow[]
  readonly triggers: readonly TriggerRow[]
  /** What its own text says; nothing for what is no ordinary table. */
  readonly text: TableText
}

/** @throws {NotSupportedError} the text of a table was not understood */
export function rowsByTable(rows: SchemaRows): RowsOfTable[] {
  const columns = Map.groupBy(rows.column, keyOf)
  const foreignKeys = Map.groupBy(rows['foreign key'], keyOf)
  const parentKeys = Map.groupBy(rows['parent key'], keyOf)
  const indexes = Map.groupBy(rows.index, keyOf)
  const members = Map.groupBy(rows.member, keyOf)
  const triggers = Map.groupBy(rows.trigger, keyOf)
  return rows.table.map((table) => {
    const key = keyOf(table)
    const ofTable = (columns.get(key) ?? []).toSorted((a, b) => a.cid - b.cid)
    return {
      table,
      columns: ofTable,
      foreignKeys: foreignKeys.get(key) ?? [],
      parentKeys: parentKeys.get(key) ?? [],
      // SQLite lists the newest first.
      indexes: (indexes.get(key) ?? []).toSorted((a, b) => b.seq - a.seq),
      members: (members.get(key) ?? []).toSorted((a, b) => a.seqno - b.seqno),
      triggers: triggers.get(key) ?? [],
      text: textOf(table, ofTable),
    }
  })
}

const NO_TEXT: TableText = { columns: [], primaryKey: null, uniqueConstraints: [], foreignKeys: [], checks: [], autoIncrement: false }

function textOf(table: TableRow, columns: readonly ColumnRow[]): TableText {
  if (!isOrdinary(table)) return NO_TEXT
  const text = parseTableText(table.sql)
  const isSame = text.columns.length === columns.length && columns.every(({ name }, index) => name === text.columns[index]?.name)
  if (!isSame) throw disagreement(table, 'columns')
  return text
}

/** Neither a view nor virtual. */
export function isOrdinary({ type }: TableRow): boolean {
  return type === 'table' || type === 'shadow'
}

/** The text was misread, or it is not the one that SQLite has read: better no answer than a wrong one. */
export function disagreement({ owner, sql }: TableRow, what: string): NotSupportedError {
  const message = `SQLite knows other ${what} of table ${JSON.stringify(owner)} than the table's text in the schema was understood to have.`
  return new NotSupportedError(message, { sql, table: owner })
}

export function keyOf({ schema, owner }: Owner): string {
  return JSON.stringify([schema, owner])
}
