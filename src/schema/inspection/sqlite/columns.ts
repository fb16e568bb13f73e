import type { ColumnDescription } from '../descriptions.ts'
import { typeInfoOfDeclared } from './declared-type.ts'
import { isSameName } from './names.ts'
import { isOrdinary, type RowsOfTable } from './rows-of-table.ts'
import type { ColumnRow } from './schema-query.ts'
import type { ColumnText } from './table-text.ts'

/** Without the hidden ones of a virtual table. */
export function describeColumns(of: RowsOfTable): ColumnDescription[] {
  const rowNumber = rowNumberOf(of)
  // The texts of a table's columns are in their order.
  return of.columns.filter(({ hidden }) => hidden !== 1).map((row) => describeColumn(row, of.text.columns[row.cid], row === rowNumber))
}

function describeColumn(row: ColumnRow, text: ColumnText | undefined, isRowNumber: boolean): ColumnDescription {
  const collation = text?.collation ?? null
  return {
    name: row.name,
    type: row.type,
    typeInfo: typeInfoOfDeclared(row.type),
    nullable: row.notnull === 0 && !isRowNumber,
    default: text?.default ?? null,
    generated: text?.generated ?? false,
    autoIncrement: isRowNumber,
    collation: collation === null || isSameName(collation, 'BINARY') ? null : collation,
    position: row.cid + 1,
    notNullOnConflict: text?.notNullOnConflict ?? null,
    ...{ identity: null, sequence: null, onUpdate: null, comment: null, hidden: false, enumValues: null, domain: null },
  }
}

/** INTEGER PRIMARY KEY, another name of the row's number: a key that no index serves. https://www.sqlite.org/lang_createtable.html#rowid */
function rowNumberOf({ table, columns, indexes }: RowsOfTable): ColumnRow | undefined {
  const key = columns.filter(({ pk }) => pk > 0)
  const isServed = table.wr === 1 || indexes.some(({ origin }) => origin === 'pk')
  return isOrdinary(table) && !isServed && key.length === 1 ? key[0] : undefined
}
