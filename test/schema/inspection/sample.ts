import type { DialectName } from 'offloop'
import type { ColumnDescription, TableDescription } from 'offloop/schema'

/** A table of a sample as it is on every database. */
export interface SampleTable {
  readonly name: string
  /** `name type` or `name type!` where it is NOT NULL, with commas between: types are tags of TypeInfo. */
  readonly columns: string
  readonly primaryKey: readonly string[]
  /** Column, referred table, referred column. */
  readonly foreignKeys: readonly (readonly [string, string, string])[]
  /** The columns of each index. */
  readonly indexes: readonly (readonly string[])[]
}

/** A description cut down to what a sample says. */
export interface SampleOutline extends Omit<SampleTable, 'columns'> {
  readonly columns: readonly string[]
}

/** What a sample says, with names as one of its editions spells them. */
export function expectedOutline(table: SampleTable, spell: (name: string) => string): SampleOutline {
  return {
    name: spell(table.name),
    columns: table.columns.split(/,\s+/).map((column) => column.replace(/^.*(?= )/, spell)),
    primaryKey: table.primaryKey.map(spell),
    foreignKeys: table.foreignKeys.map(([column, referredTable, referredColumn]) => [
      spell(column),
      spell(referredTable),
      spell(referredColumn),
    ]),
    indexes: table.indexes.map((columns) => columns.map(spell)).sort(byText),
  }
}

/** What an inspector says, in the same words. */
export function outlineOf(table: TableDescription): SampleOutline {
  return {
    name: table.name,
    columns: table.columns.map((column) => `${column.name} ${tagOf(column)}${column.nullable ? '' : '!'}`),
    primaryKey: table.primaryKey.columns,
    foreignKeys: table.foreignKeys
      .map(({ columns, referredTable, referredColumns }) => [columns.join(), referredTable, referredColumns.join()] as const)
      .toSorted(byText),
    indexes: table.indexes.map(({ columns }) => columns).toSorted(byText),
  }
}

function byText(one: readonly string[], other: readonly string[]): number {
  return one.join() < other.join() ? -1 : 1
}

function tagOf({ typeInfo }: ColumnDescription): string {
  if (typeInfo.kind === 'string') return `${typeInfo.fixed ? 'fixed' : 'string'}(${typeInfo.length})`
  return typeInfo.kind === 'numeric' ? `numeric(${typeInfo.precision},${typeInfo.scale})` : typeInfo.kind
}

/** `SupportRepId` → `support_rep_id` */
export function snakeCase(name: string): string {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toLowerCase()
}

/** The names of what serves a foreign key, by edition: of its constraint and of its index. */
export function namesOf(
  dialect: DialectName,
  table: string,
  column: string,
): { readonly foreignKey: string | null; readonly index: string } {
  if (dialect === 'postgresql') {
    const both = `${snakeCase(table)}_${snakeCase(column)}`
    return { foreignKey: `${both}_fkey`, index: `${both}_idx` }
  }
  return { foreignKey: dialect === 'sqlite' ? null : `FK_${table}${column}`, index: `IFK_${table}${column}` }
}
