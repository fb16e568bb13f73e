import type { Dialect, DialectName } from './dialect.ts'

/** A statement with the dialect's own placeholders, and the values for them. */
export interface Query {
  readonly sql: string
  readonly values: readonly string[]
}

/**
 * Asks whether there is a table or a view of that name: a row, or none. Names are compared as the server compares them. Without a schema it is
 * looked for where a name without one means: SQLite's main database, PostgreSQL's search path, MySQL's current database.
 *
 * @throws {ArgumentError} SQLite: the schema is no name
 */
export function hasTableQuery(dialect: Dialect, name: string, schema?: string): Query {
  return QUERIES[dialect.name].hasTable(dialect, name, schema)
}

/**
 * Asks for the names of the tables, in order, one a row: neither views nor the server's own tables, unless their schema is named.
 *
 * @throws {ArgumentError} SQLite: the schema is no name
 */
export function tableNamesQuery(dialect: Dialect, schema?: string): Query {
  return QUERIES[dialect.name].tableNames(dialect, schema)
}

interface DialectQueries {
  hasTable(dialect: Dialect, name: string, schema: string | undefined): Query
  tableNames(dialect: Dialect, schema: string | undefined): Query
}

const sqlite: DialectQueries = {
  hasTable: (dialect, name, schema) => ({
    sql: `select 1 from ${sqliteSchema(dialect, schema)} where type in ('table', 'view') and name = ? collate nocase`,
    values: [name],
  }),
  tableNames: (dialect, schema) => ({
    sql: `select name from ${sqliteSchema(dialect, schema)} where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name`,
    values: [],
  }),
}

function sqliteSchema(dialect: Dialect, schema: string | undefined): string {
  return schema === undefined ? 'sqlite_schema' : `${dialect.quoteIdentifier(schema)}.sqlite_schema`
}

const postgresql: DialectQueries = {
  // r is a table, p a partitioned and f a foreign one, v a view and m a materialized one. A value that is compared with a name becomes a name:
  // it is cut to 63 bytes, as every name in SQL is.
  hasTable: (_dialect, name, schema) => ({
    sql: `select 1 from ${pgRelations} where c.relkind in ('r', 'p', 'f', 'v', 'm') and ${pgSchema(schema, '$2')} and c.relname = $1`,
    values: schema === undefined ? [name] : [name, schema],
  }),
  tableNames: (_dialect, schema) => ({
    sql: `select c.relname as name from ${pgRelations} where c.relkind in ('r', 'p', 'f') and ${pgSchema(schema, '$1')} order by c.relname`,
    values: schema === undefined ? [] : [schema],
  }),
}

const pgRelations = 'pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace'

/** The server's own tables are in every search path. */
function pgSchema(schema: string | undefined, placeholder: string): string {
  if (schema !== undefined) return `n.nspname = ${placeholder}`
  return "pg_catalog.pg_table_is_visible(c.oid) and n.nspname <> 'pg_catalog'"
}

const mysql: DialectQueries = {
  // MariaDB: a sequence is no table, and a table that keeps its old rows has a type of its own.
  hasTable: (_dialect, name, schema) => ({
    sql: `select 1 from information_schema.tables where ${mysqlSchema(schema)} and ${sameName('table_name')} and table_type <> 'SEQUENCE'`,
    values: [...schemaValues(schema), name, name, name],
  }),
  tableNames: (_dialect, schema) => ({
    sql:
      `select table_name as name from information_schema.tables where ${mysqlSchema(schema)} ` +
      "and table_type in ('BASE TABLE', 'SYSTEM VERSIONED') order by cast(table_name as binary)",
    values: schemaValues(schema),
  }),
}

function mysqlSchema(schema: string | undefined): string {
  return schema === undefined ? 'table_schema = database()' : sameName('table_schema')
}

function schemaValues(schema: string | undefined): readonly string[] {
  return schema === undefined ? [] : [schema, schema, schema]
}

/**
 * Capitals make another name unless lower_case_table_names says otherwise; accents and blanks at the end always do, which the collation of
 * these columns would overlook. The first comparison is for the server, which then reads one table instead of all; it refuses to compare a
 * name, which ends at U+FFFF, with a text that does not.
 */
function sameName(column: string): string {
  const exact = `cast(${column} as binary) = cast(? as binary)`
  const folded = `cast(lower(${column}) as binary) = cast(lower(?) as binary)`
  return `${column} = convert(? using utf8mb3) and if(@@lower_case_table_names = 0, ${exact}, ${folded})`
}

const QUERIES: Readonly<Record<DialectName, DialectQueries>> = { sqlite, postgresql, mysql }
