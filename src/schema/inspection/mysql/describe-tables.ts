import type { Dialect } from '../../../sql/dialect.ts'
import type {
  CheckDescription,
  ColumnDescription,
  ForeignKeyDescription,
  IndexDescription,
  KeyMember,
  PrimaryKeyDescription,
  ReferentialAction,
  TableDescription,
  TableKind,
  TriggerDescription,
  UniqueConstraintDescription,
} from '../descriptions.ts'
import { withoutOuterParentheses } from '../expression-text.ts'
import type {
  CheckRow,
  ColumnRow,
  Flavour,
  KeyColumnRow,
  ReferenceRow,
  SchemaRows,
  StatisticsRow,
  TableRow,
  TriggerRow,
} from './schema-query.ts'
import { typeInfoOfColumn } from './types.ts'

/** All that was read about one table. */
interface RowsOfTable extends SchemaRows {
  readonly table: TableRow
}

/** What is known beside the rows. */
export interface Circumstances {
  readonly dialect: Dialect
  readonly flavour: Flavour
  /** The schema was asked for by its name: referred tables are named with theirs. */
  readonly named: boolean
  /** CREATE TABLE of those tables of which nothing else tells all. */
  readonly statements: ReadonlyMap<string, string>
}

export function describeTables(tables: readonly TableRow[], rows: SchemaRows, circumstances: Circumstances): TableDescription[] {
  const columns = byTable(rows.columns)
  const statistics = byTable(rows.statistics)
  const keyColumns = byTable(rows.keyColumns)
  const references = byTable(rows.references)
  const checks = byTable(rows.checks)
  const triggers = byTable(rows.triggers)
  const views = byTable(rows.views)
  return tables.map((table) => {
    const of: RowsOfTable = {
      table,
      columns: columns.get(table.table) ?? [],
      statistics: statistics.get(table.table) ?? [],
      keyColumns: keyColumns.get(table.table) ?? [],
      references: references.get(table.table) ?? [],
      checks: checks.get(table.table) ?? [],
      triggers: triggers.get(table.table) ?? [],
      views: views.get(table.table) ?? [],
    }
    return describeTable(of, circumstances)
  })
}

function byTable<Row extends { readonly table: string }>(rows: readonly Row[]): Map<string, Row[]> {
  return Map.groupBy(rows, ({ table }) => table)
}

function describeTable(of: RowsOfTable, { dialect, flavour, named, statements }: Circumstances): TableDescription {
  const { table } = of
  const indexes = [...Map.groupBy(of.statistics, ({ name }) => name).values()]
  const [view] = of.views
  const isView = table.type === 'VIEW'
  return {
    schema: table.schema,
    name: table.table,
    options: {
      kind: kindOf(table),
      sql: statements.get(table.table) ?? null,
      comment: isView ? null : textOrNull(table.comment),
      autoIncrement: of.columns.some(({ extra }) => isCounting(extra)),
      engine: table.engine,
      charset: table.collation?.replace(/_.*/s, '') ?? null,
      collation: table.collation,
      ...{ temporary: false, strict: false, withoutRowid: false, unlogged: false, partitionBy: null, partitionOf: null, inherits: [] },
    },
    columns: of.columns.map((column) => describeColumn(column, of, flavour)),
    primaryKey: describePrimaryKey(indexes.find((rows) => isPrimary(rows))),
    foreignKeys: describeForeignKeys(of, named),
    uniqueConstraints: indexes.filter((rows) => isConstraint(rows)).map(describeUnique),
    indexes: indexes.filter((rows) => !isPrimary(rows) && !isConstraint(rows)).map(describeIndex),
    checks: of.checks.filter((check) => !isJsonCheck(check, check.name)).map(describeCheck),
    exclusionConstraints: [],
    triggers: of.triggers.map((trigger) => describeTrigger(trigger, dialect)),
    view: isView ? { definition: view?.definition ?? '', checkOption: checkOptionOf(view?.checkOption) } : null,
    unreadable: isView && of.columns.length === 0 ? 'The view refers to a table or a column that is not there.' : null,
  }
}

function kindOf({ type, options }: TableRow): TableKind {
  if (type === 'VIEW') return 'view'
  return isPartitioned(options) ? 'partitioned' : 'table'
}

export function isPartitioned(options: string | null): boolean {
  return /\bpartitioned\b/i.test(options ?? '')
}

function checkOptionOf(option: string | undefined): 'local' | 'cascaded' | null {
  const lower = option?.toLowerCase()
  return lower === 'local' || lower === 'cascaded' ? lower : null
}

function describeColumn(column: ColumnRow, { table, checks }: RowsOfTable, flavour: Flavour): ColumnDescription {
  const { name, type, position, extra } = column
  const json = checks.some((check) => isJsonCheck(check, name))
  const typeInfo = typeInfoOfColumn(column, json)
  const stored = /\b(STORED|PERSISTENT|VIRTUAL) GENERATED\b/i.exec(extra)?.[1]
  const isGenerated = stored !== undefined
  return {
    ...{ name, type, typeInfo, position },
    nullable: column.nullable === 'YES',
    default: isGenerated ? null : flavour === 'mariadb' ? defaultOfMariadb(column) : defaultOfMysql(column),
    generated: isGenerated ? { expression: column.generated ?? '', stored: !/^virtual$/i.test(stored) } : false,
    autoIncrement: isCounting(extra),
    onUpdate: /\bon update (\S+)/i.exec(extra)?.[1]?.replace(/,$/, '') ?? null,
    // MariaDB's JSON has one of its own.
    collation: json || column.collation === table.collation ? null : column.collation,
    comment: textOrNull(column.comment),
    hidden: /\bINVISIBLE\b/i.test(extra),
    enumValues: typeInfo.kind === 'enumeration' || typeInfo.kind === 'set' ? typeInfo.values : null,
    ...{ identity: null, sequence: null, domain: null, notNullOnConflict: null },
  }
}

function isCounting(extra: string): boolean {
  return /\bauto_increment\b/i.test(extra)
}

/** MariaDB shows an expression, which NULL is too. */
function defaultOfMariadb({ default: text }: ColumnRow): string | null {
  return text === 'NULL' ? null : text
}

/** MySQL shows a value, unless it says that it is an expression. */
function defaultOfMysql({ default: text, extra, base }: ColumnRow): string | null {
  const isExpression = /\bDEFAULT_GENERATED\b/i.test(extra) || /^(.*int|decimal|float|double|year|bit)$/i.test(base)
  return text === null || isExpression ? text : `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

function textOrNull(text: string | null): string | null {
  return text === '' ? null : text
}

type IndexRows = readonly StatisticsRow[]

function isPrimary(rows: IndexRows): boolean {
  return rows[0]?.name === 'PRIMARY'
}

/** A unique index of whole columns is what UNIQUE makes: MySQL does not tell the two apart. */
function isConstraint(rows: IndexRows): boolean {
  return !isPrimary(rows) && rows.every(({ duplicates, column, length }) => duplicates === 0 && column !== null && length === null)
}

function keyOf(rows: IndexRows): Omit<PrimaryKeyDescription, 'name'> {
  return { columns: columnsOf(rows), members: rows.map(memberOf), deferrable: false, initially: 'immediate', include: [], onConflict: null }
}

function describePrimaryKey(rows: IndexRows = []): PrimaryKeyDescription {
  return { name: null, ...keyOf(rows) }
}

function describeUnique(rows: IndexRows): UniqueConstraintDescription {
  return { name: rows[0]?.name ?? null, ...keyOf(rows), nullsDistinct: true }
}

function describeIndex(rows: IndexRows): IndexDescription {
  const [first] = rows
  return {
    name: first?.name ?? '',
    columns: columnsOf(rows),
    unique: first?.duplicates === 0,
    members: rows.map(memberOf),
    method: first?.method.toLowerCase() ?? null,
    comment: textOrNull(first?.comment ?? null),
    ...{ where: null, include: [], nullsDistinct: true, sql: null },
  }
}

function columnsOf(rows: IndexRows): string[] {
  return rows.flatMap(({ column }) => (column === null ? [] : [column]))
}

function memberOf({ column, expression, order, length, method }: StatisticsRow): KeyMember {
  return {
    column,
    expression: column === null && expression !== null ? withoutOuterParentheses(expression) : null,
    descending: order === 'D',
    // The length of a geometry's box is nobody's choice.
    length: method === 'SPATIAL' || method === 'RTREE' ? null : length,
    ...{ collation: null, nullsFirst: null, operatorClass: null },
  }
}

function describeForeignKeys({ table, keyColumns, references }: RowsOfTable, named: boolean): ForeignKeyDescription[] {
  const parts = Map.groupBy(keyColumns, ({ name }) => name)
  return references.flatMap((reference) => {
    const columns = parts.get(reference.name) ?? []
    const [first] = columns
    return first === undefined ? [] : [describeForeignKey(reference, columns, named || first.referredSchema !== table.schema)]
  })
}

function describeForeignKey(reference: ReferenceRow, parts: readonly KeyColumnRow[], withSchema: boolean): ForeignKeyDescription {
  const [first] = parts
  return {
    name: reference.name,
    columns: parts.map(({ column }) => column),
    referredTable: first?.referredTable ?? '',
    ...(withSchema ? { referredSchema: first?.referredSchema ?? '' } : {}),
    referredColumns: parts.map(({ referredColumn }) => referredColumn),
    onDelete: actionOf(reference.onDelete),
    onUpdate: actionOf(reference.onUpdate),
    match: reference.match === 'FULL' ? 'full' : reference.match === 'PARTIAL' ? 'partial' : 'simple',
    ...{ deferrable: false, initially: 'immediate', onDeleteColumns: null, validated: true },
  }
}

const ACTIONS: readonly ReferentialAction[] = ['restrict', 'cascade', 'set null', 'set default']

function actionOf(rule: string): ReferentialAction {
  return ACTIONS.find((action) => action === rule.toLowerCase()) ?? 'no action'
}

/** What MariaDB adds to a column declared as JSON, under the column's own name. */
function isJsonCheck({ level, name, expression }: CheckRow, column: string): boolean {
  return level === 'Column' && name === column && expression === `json_valid(\`${column.replaceAll('`', '``')}\`)`
}

function describeCheck({ level, name, expression, enforced }: CheckRow): CheckDescription {
  const isOfColumn = level === 'Column'
  return {
    // A check at a column has the column's name, which nobody has given it.
    name: isOfColumn ? null : name,
    expression: withoutOuterParentheses(expression),
    column: isOfColumn ? name : null,
    validated: true,
    enforced: enforced === 'YES',
    noInherit: false,
  }
}

/** The database keeps the parts. */
export function describeTrigger({ name, table, timing, event, statement }: TriggerRow, dialect: Dialect): TriggerDescription {
  const on = `${timing.toLowerCase()} ${event.toLowerCase()} on ${dialect.quoteIdentifier(table)}`
  return { name, table, sql: `create trigger ${dialect.quoteIdentifier(name)} ${on} for each row ${statement}` }
}
