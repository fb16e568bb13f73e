import type { ColumnDescription, ForeignKeyDescription, TableDescription } from '../../schema/inspection/descriptions.ts'

/**
 * An entity diagram as Mermaid reads it: an entity for each table and view, a line for each foreign key.
 * https://mermaid.js.org/syntax/entityRelationshipDiagram.html
 */
export function mermaidOf(tables: readonly TableDescription[]): string {
  const entities = tables.map(
    (table) => `  ${entityName({ name: table.name })} {\n${table.columns.map((column) => attribute(column, table)).join('')}  }\n`,
  )
  const lines = tables.flatMap((table) => table.foreignKeys.map((key) => relation(table, key)))
  return `erDiagram\n${entities.join('')}${lines.join('')}`
}

function attribute(column: ColumnDescription, table: TableDescription): string {
  const name = word(column.name)
  const keys = keysOf(column.name, table)
  // A name that Mermaid would not take stands behind as it is.
  const comment = name === column.name ? '' : ` "${quoted(column.name)}"`
  return `    ${word(column.type === '' ? 'any' : column.type)} ${name}${keys.length === 0 ? '' : ` ${keys.join(', ')}`}${comment}\n`
}

function keysOf(column: string, { primaryKey, foreignKeys, uniqueConstraints, indexes }: TableDescription): readonly string[] {
  const unique = [...uniqueConstraints, ...indexes.filter((index) => index.unique && index.where === null)]
  return [
    ...(primaryKey.columns.includes(column) ? ['PK'] : []),
    ...(foreignKeys.some(({ columns }) => columns.includes(column)) ? ['FK'] : []),
    ...(unique.some(({ columns, members }) => members.length === 1 && columns[0] === column) ? ['UK'] : []),
  ]
}

/** A row has one referred row, or none where the key can be NULL; that one has any number of rows, or one at most where the key is unique. */
function relation(table: TableDescription, { columns, referredTable, referredSchema }: ForeignKeyDescription): string {
  const optional = table.columns.some(({ name, nullable }) => nullable && columns.includes(name))
  const single = [table.primaryKey, ...table.uniqueConstraints].some((key) => key.columns.length > 0 && isSubset(key.columns, columns))
  const referred = entityName({ name: referredTable, schema: referredSchema === table.schema ? undefined : referredSchema })
  return `  ${referred} ${optional ? '|o' : '||'}--${single ? 'o|' : 'o{'} ${entityName({ name: table.name })} : "${quoted(columns.join(', '))}"\n`
}

function isSubset(some: readonly string[], all: readonly string[]): boolean {
  return some.every((name) => all.includes(name))
}

/** In quotes, so that a table may be called as a word of Mermaid's. */
function entityName({ name, schema }: { readonly name: string; readonly schema?: string | undefined }): string {
  return `"${quoted(schema === undefined ? name : `${schema}.${name}`)}"`
}

/** Without what ends a quoted text, or means something in it. */
function quoted(text: string): string {
  return text.replaceAll('"', "'").replace(/[%\\\p{Cc}]/gu, '-')
}

/** What Mermaid takes for the type and the name of an attribute. */
function word(text: string): string {
  const letters = text.replace(/[^A-Za-z0-9_()[\]\-\u00C0-\uFFFF]+/g, '_')
  return /^[A-Za-z_\u00C0-\uFFFF]/.test(letters) ? letters : `_${letters}`
}
