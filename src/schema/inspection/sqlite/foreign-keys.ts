import type { ForeignKeyDescription } from '../descriptions.ts'
import { areSameNames, isSameName } from './names.ts'
import { disagreement, type RowsOfTable } from './rows-of-table.ts'

/**
 * In the order in which they were declared.
 *
 * @param named the schema was asked for by its name: the referred table has to be as well
 * @throws {NotSupportedError} the text of the table says something else than SQLite
 */
export function describeForeignKeys(of: RowsOfTable, named: boolean): ForeignKeyDescription[] {
  const { table, text } = of
  const rows = Map.groupBy(of.foreignKeys, ({ id }) => id)
  if (rows.size !== text.foreignKeys.length) throw disagreement(table, 'foreign keys')
  return text.foreignKeys.map((foreignKey, index) => {
    // SQLite counts from the last one.
    const parts = (rows.get(rows.size - 1 - index) ?? []).toSorted((a, b) => a.seq - b.seq)
    const columns = parts.map(({ from }) => from)
    const referredTable = parts[0]?.table
    if (referredTable === undefined || referredTable !== foreignKey.referredTable || !areSameNames(columns, foreignKey.columns)) {
      throw disagreement(table, 'foreign keys')
    }
    return {
      ...foreignKey,
      columns,
      // A table refers to its own schema only.
      ...(named ? { referredSchema: table.schema } : {}),
      referredColumns: foreignKey.referredColumns ?? primaryKeyOf(referredTable, of),
      onDeleteColumns: null,
      validated: true,
    }
  })
}

/** Of the table that a reference without columns is about. */
function primaryKeyOf(referredTable: string, { parentKeys }: RowsOfTable): string[] {
  const columns: string[] = []
  for (const { parent, name, pk } of parentKeys) if (isSameName(parent, referredTable)) columns[pk - 1] = name
  return columns
}
