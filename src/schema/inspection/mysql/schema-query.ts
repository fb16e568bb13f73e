import type { Executor } from '../../../sql/executor.ts'

/** What tells MariaDB from MySQL: they keep different things in the same tables. */
export type Flavour = 'mariadb' | 'mysql'

/** What one read of a database gives: https://mariadb.com/kb/en/information-schema-tables/, https://dev.mysql.com/doc/refman/8.4/en/information-schema.html */
export interface SchemaRows {
  readonly columns: readonly ColumnRow[]
  readonly statistics: readonly StatisticsRow[]
  readonly keyColumns: readonly KeyColumnRow[]
  readonly references: readonly ReferenceRow[]
  readonly checks: readonly CheckRow[]
  readonly triggers: readonly TriggerRow[]
  readonly views: readonly ViewRow[]
}

export interface TableRow {
  readonly schema: string
  readonly table: string
  readonly type: string
  readonly engine: string | null
  readonly collation: string | null
  readonly comment: string | null
  readonly options: string | null
  readonly created: string | null
  /** In seconds; null for a view. */
  readonly age: number | null
  readonly version: string
  /** lower_case_table_names: 0 where capitals make another name. */
  readonly folds: number
}

export interface ColumnRow {
  readonly table: string
  readonly name: string
  readonly position: number
  readonly default: string | null
  readonly nullable: string
  /** `int` */
  readonly base: string
  /** `int(10) unsigned` */
  readonly type: string
  readonly length: number | null
  readonly precision: number | null
  readonly scale: number | null
  readonly fraction: number | null
  readonly collation: string | null
  readonly extra: string
  readonly comment: string
  readonly generated: string | null
}

export interface StatisticsRow {
  readonly table: string
  readonly name: string
  readonly duplicates: number
  readonly position: number
  readonly column: string | null
  readonly expression: string | null
  readonly order: string | null
  readonly length: number | null
  readonly method: string
  readonly comment: string
}

export interface KeyColumnRow {
  readonly table: string
  readonly name: string
  readonly position: number
  readonly column: string
  readonly referredSchema: string
  readonly referredTable: string
  readonly referredColumn: string
}

export interface ReferenceRow {
  readonly table: string
  readonly name: string
  readonly match: string
  readonly onDelete: string
  readonly onUpdate: string
}

export interface CheckRow {
  readonly table: string
  readonly name: string
  readonly level: string
  readonly expression: string
  readonly enforced: string
}

export interface TriggerRow {
  readonly table: string
  readonly name: string
  readonly timing: string
  readonly event: string
  readonly statement: string
}

export interface ViewRow {
  readonly table: string
  readonly definition: string
  readonly checkOption: string
}

/** The tables of a database: those of some names, in any capitals, or all. */
export function readTables(executor: Executor, schema: string | undefined, names: readonly string[] | undefined): Promise<TableRow[]> {
  const condition = schema === undefined ? 'table_schema = database()' : `table_schema = ${NAME}`
  const sql = `select table_schema as \`schema\`, table_name as \`table\`, table_type as type, engine, table_collation as collation,
      table_comment as comment, create_options as options, create_time as created,
      timestampdiff(second, create_time, now()) as age, version() as version, @@lower_case_table_names as folds
    from information_schema.tables where ${condition} and table_type <> 'SEQUENCE'${among('table_name', names)} order by cast(table_name as binary)`
  return read<TableRow>(executor, sql, [...(schema === undefined ? [] : [schema]), ...(names ?? [])])
}

/** All that is known about tables of a database, one statement for each kind, sent together. */
export async function readSchema(
  executor: Executor,
  flavour: Flavour,
  schema: string,
  names: readonly string[] | undefined,
): Promise<SchemaRows> {
  const values = [schema, ...(names ?? [])]
  const rows = <Row>(sql: string) => read<Row>(executor, sql, values)
  const [columns, statistics, keyColumns, references, checks, triggers, views] = await Promise.all([
    rows<ColumnRow>(columnsQuery(names)),
    rows<StatisticsRow>(statisticsQuery(flavour, names)),
    rows<KeyColumnRow>(keyColumnsQuery(names)),
    rows<ReferenceRow>(referencesQuery(names)),
    rows<CheckRow>(checksQuery(flavour, names)),
    rows<TriggerRow>(triggersQuery(names)),
    rows<ViewRow>(viewsQuery(names)),
  ])
  return { columns, statistics, keyColumns, references, checks, triggers, views }
}

/** How many statements of the whole server have made, changed or dropped something since it was started. */
export interface SchemaChanges {
  readonly ofTables: number
  readonly ofViews: number
}

const CHANGES_OF_VIEWS = ['Com_create_view', 'Com_alter_view', 'Com_drop_view']
const CHANGES_OF_TABLES = [
  ...['Com_create_table', 'Com_alter_table', 'Com_rename_table', 'Com_drop_table', 'Com_create_index', 'Com_drop_index'],
  ...['Com_create_trigger', 'Com_drop_trigger', 'Com_drop_db'],
]

/** A statement is counted when it begins: one that ends what another has begun is counted in between. */
export async function readChanges(executor: Executor): Promise<SchemaChanges> {
  const names = [...CHANGES_OF_TABLES, ...CHANGES_OF_VIEWS]
  const sql = `show global status where Variable_name in (${names.map((name) => `'${name}'`).join(', ')})`
  const rows = await executor.execute<readonly [name: string, count: string]>(sql, [], { rowMode: 'array' }).fetchall()
  const counts = new Map(rows)
  const sum = (of: readonly string[]) => of.reduce((total, name) => total + Number(counts.get(name) ?? 0), 0)
  return { ofTables: sum(CHANGES_OF_TABLES), ofViews: sum(CHANGES_OF_VIEWS) }
}

/** Of all tables of a database. */
export function readTriggers(executor: Executor, schema: string): Promise<TriggerRow[]> {
  return read<TriggerRow>(executor, triggersQuery(undefined), [schema])
}

function read<Row>(executor: Executor, sql: string, values: readonly string[]): Promise<Row[]> {
  return executor.execute<Row>(sql, values, { integers: 'number', rowMode: 'object' }).fetchall()
}

/**
 * For one name the server looks at one table. Of a list it would do so for each, but takes names that its collation holds for the same for one,
 * `T` for `t`: as bytes they are compared with every table's.
 */
function among(column: string, names: readonly string[] | undefined): string {
  if (names === undefined) return ''
  if (names.length === 1) return ` and ${column} = ${NAME}`
  return ` and cast(lower(${column}) as binary) in (${names.map(() => 'cast(lower(?) as binary)').join(', ')})`
}

/** A parameter to compare a name with. Names end at U+FFFF, and the server refuses to compare them with anything that does not. */
const NAME = 'convert(? using utf8mb3)'

function columnsQuery(names: readonly string[] | undefined): string {
  return `select table_name as \`table\`, column_name as name, ordinal_position as position, column_default as \`default\`, is_nullable as nullable,
      data_type as base, column_type as type, character_maximum_length as length, numeric_precision as \`precision\`, numeric_scale as scale,
      datetime_precision as fraction, collation_name as collation, extra, column_comment as comment, generation_expression as \`generated\`
    from information_schema.columns where table_schema = ${NAME}${among('table_name', names)} order by table_name, ordinal_position`
}

function statisticsQuery(flavour: Flavour, names: readonly string[] | undefined): string {
  return `select table_name as \`table\`, index_name as name, non_unique as duplicates, seq_in_index as position, column_name as \`column\`,
      ${flavour === 'mysql' ? 'expression' : 'null'} as expression, collation as \`order\`, sub_part as length, index_type as method,
      index_comment as comment
    from information_schema.statistics where table_schema = ${NAME}${among('table_name', names)} order by table_name, index_name, seq_in_index`
}

function keyColumnsQuery(names: readonly string[] | undefined): string {
  return `select table_name as \`table\`, constraint_name as name, ordinal_position as position, column_name as \`column\`,
      referenced_table_schema as referredSchema, referenced_table_name as referredTable, referenced_column_name as referredColumn
    from information_schema.key_column_usage
    where table_schema = ${NAME} and referenced_table_name is not null${among('table_name', names)} order by table_name, constraint_name, ordinal_position`
}

function referencesQuery(names: readonly string[] | undefined): string {
  return `select table_name as \`table\`, constraint_name as name, match_option as \`match\`, delete_rule as onDelete, update_rule as onUpdate
    from information_schema.referential_constraints where constraint_schema = ${NAME}${among('table_name', names)}
    order by table_name, constraint_name`
}

function checksQuery(flavour: Flavour, names: readonly string[] | undefined): string {
  // MariaDB names checks within their table, MySQL within their database.
  if (flavour === 'mariadb') {
    return `select table_name as \`table\`, constraint_name as name, level, check_clause as expression, 'YES' as enforced
      from information_schema.check_constraints where constraint_schema = ${NAME}${among('table_name', names)}
      order by table_name, constraint_name`
  }
  return `select t.table_name as \`table\`, c.constraint_name as name, 'Table' as level, c.check_clause as expression, t.enforced
    from information_schema.table_constraints t join information_schema.check_constraints c
      on c.constraint_schema = t.constraint_schema and c.constraint_name = t.constraint_name
    where t.constraint_type = 'CHECK' and t.constraint_schema = ${NAME}${among('t.table_name', names)} order by c.constraint_name`
}

function triggersQuery(names: readonly string[] | undefined): string {
  return `select event_object_table as \`table\`, trigger_name as name, action_timing as timing, event_manipulation as event,
      action_statement as statement
    from information_schema.triggers where event_object_schema = ${NAME}${among('event_object_table', names)}
    order by event_object_table, event_manipulation, action_timing, action_order`
}

function viewsQuery(names: readonly string[] | undefined): string {
  return `select table_name as \`table\`, view_definition as definition, check_option as checkOption
    from information_schema.views where table_schema = ${NAME}${among('table_name', names)}`
}
