import type {
  CheckDescription,
  ColumnDescription,
  ForeignKeyDescription,
  IndexDescription,
  KeyMember,
  PrimaryKeyDescription,
  ReferentialAction,
  SequenceDescription,
  TableDescription,
  TableKind,
  TableOptions,
  UniqueConstraintDescription,
  ViewDescription,
} from '../descriptions.ts'
import { withoutOuterParentheses } from '../expression-text.ts'
import type {
  ColumnRow,
  ConstraintRow,
  IndexRow,
  MemberRow,
  ParentRow,
  SchemaRows,
  SequenceRow,
  TableRow,
  TriggerRow,
} from './schema-query.ts'
import { PostgresqlTypes } from './types.ts'

/** All that was read about one table. */
interface RowsOfTable {
  readonly table: TableRow
  readonly parents: readonly ParentRow[]
  readonly columns: readonly ColumnRow[]
  readonly sequences: readonly SequenceRow[]
  readonly constraints: readonly ConstraintRow[]
  readonly referredColumns: ReadonlyMap<string, readonly string[]>
  readonly indexes: readonly IndexRow[]
  readonly members: ReadonlyMap<string, readonly MemberRow[]>
  readonly triggers: readonly TriggerRow[]
  readonly types: PostgresqlTypes
  /** The schema was asked for by its name: referred tables are named with theirs. */
  readonly named: boolean
}

/**
 * The tables by their oids; null for one of which a part has gone since its rows were read.
 *
 * @param named the schema was asked for by its name: referred tables are named with theirs
 */
export function describeTables(rows: SchemaRows, named: boolean): ReadonlyMap<string, TableDescription | null> {
  const parents = groupedBy(rows.parent, ({ owner }) => owner, byPlace)
  const columns = groupedBy(
    rows.column,
    ({ owner }) => owner,
    (a, b) => a.position - b.position,
  )
  const sequences = Map.groupBy(rows.sequence, ({ owner }) => owner)
  const constraints = groupedBy(rows.constraint, ({ owner }) => owner, byName)
  const referred = groupedBy(rows['referred column'], ({ constraint }) => constraint, byPlace)
  const referredColumns = new Map([...referred].map(([constraint, parts]) => [constraint, parts.map(({ name }) => name)]))
  const indexes = groupedBy(rows.index, ({ owner }) => owner, byName)
  const members = groupedBy(rows.member, ({ index }) => index, byPlace)
  const triggers = groupedBy(rows.trigger, ({ owner }) => owner, byName)
  const types = new PostgresqlTypes(rows.type)
  const described = rows.table.map((table) => {
    const { owner } = table
    const of: RowsOfTable = {
      ...{ table, referredColumns, members, types, named },
      parents: parents.get(owner) ?? [],
      columns: columns.get(owner) ?? [],
      sequences: sequences.get(owner) ?? [],
      constraints: constraints.get(owner) ?? [],
      indexes: indexes.get(owner) ?? [],
      triggers: triggers.get(owner) ?? [],
    }
    return [owner, describeUnlessGone(of)] as const
  })
  return new Map(described)
}

function groupedBy<Row>(rows: readonly Row[], keyOfRow: (row: Row) => string, order: (a: Row, b: Row) => number): Map<string, Row[]> {
  return Map.groupBy(rows.toSorted(order), keyOfRow)
}

function byPlace(a: { readonly place: number }, b: { readonly place: number }): number {
  return a.place - b.place
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1
}

function describeUnlessGone(of: RowsOfTable): TableDescription | null {
  try {
    return describe(of)
  } catch (error) {
    if (error instanceof PartGone) return null
    throw error
  }
}

/** A part of a table that is listed is not there any more: it never leaves this module. */
class PartGone extends Error {}

/** @throws {PartGone} there is none */
function present<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new PartGone()
  return value
}

function expressionOf(text: string | null): string {
  return withoutOuterParentheses(present(text))
}

function describe(of: RowsOfTable): TableDescription {
  const { table, constraints } = of
  const ofKind = (kind: ConstraintRow['kind']) => constraints.filter((constraint) => constraint.kind === kind)
  return {
    schema: table.schema,
    name: table.name,
    options: optionsOf(of),
    columns: of.columns.map((column) => describeColumn(column, of)),
    primaryKey: describePrimaryKey(ofKind('p')[0], of),
    foreignKeys: ofKind('f').map((constraint) => describeForeignKey(constraint, of)),
    uniqueConstraints: ofKind('u').map((constraint) => describeUnique(constraint, of)),
    indexes: of.indexes.filter(({ constraint }) => constraint === null).map((index) => describeIndex(index, of)),
    checks: ofKind('c').map(describeCheck),
    exclusionConstraints: ofKind('x').map(({ name, definition }) => ({ name, definition: present(definition) })),
    triggers: of.triggers.map(({ name, sql }) => ({ name, table: table.name, sql: present(sql) })),
    view: table.kind === 'v' || table.kind === 'm' ? viewOf(table) : null,
    unreadable: null,
  }
}

const KINDS: Readonly<Record<TableRow['kind'], TableKind>> = {
  r: 'table',
  p: 'partitioned',
  f: 'foreign',
  v: 'view',
  m: 'materialized view',
}

function optionsOf({ table: row, parents: rows }: RowsOfTable): TableOptions {
  const parents = rows.map(({ schema, table }) => ({ schema, table }))
  const [partitioned] = parents
  return {
    kind: KINDS[row.kind],
    temporary: row.persistence === 't',
    unlogged: row.persistence === 'u',
    comment: row.comment,
    partitionBy: row.kind === 'p' ? present(row.partitionBy) : null,
    partitionOf: row.isPartition && partitioned !== undefined ? { ...partitioned, bound: present(row.bound) } : null,
    inherits: row.isPartition ? [] : parents,
    ...{ sql: null, strict: false, withoutRowid: false, autoIncrement: false, engine: null, charset: null, collation: null },
  }
}

function viewOf({ definition, options }: TableRow): ViewDescription {
  const checkOption = options?.find((option) => option.startsWith('check_option='))?.slice('check_option='.length)
  return {
    definition: present(definition).trim().replace(/;$/, ''),
    checkOption: checkOption === 'local' || checkOption === 'cascaded' ? checkOption : null,
  }
}

function describeColumn(column: ColumnRow, { types, sequences }: RowsOfTable): ColumnDescription {
  const { name, position, type, typeId: id, modifier, dimensions, collation, comment, identity } = column
  const typeInfo = types.infoOf({ id, modifier, dimensions })
  const domain = types.domainOf(id)
  const sequence = sequences.find((candidate) => candidate.position === position)
  const expression = column.hasDefault ? present(column.default) : null
  const isGenerated = column.generated !== ''
  // A column can own a sequence and not count with it.
  const counts = identity !== '' || (sequence !== undefined && !isGenerated && /^nextval\(/.test(expression ?? ''))
  return {
    ...{ name, type, typeInfo, collation, comment, position },
    nullable: !column.notNull && domain?.notNull !== true,
    default: isGenerated ? null : expression,
    generated: isGenerated ? { expression: expressionOf(expression), stored: column.generated === 's' } : false,
    identity: identity === 'a' ? 'always' : identity === 'd' ? 'by default' : null,
    autoIncrement: counts,
    sequence: counts && sequence !== undefined ? sequenceOf(sequence) : null,
    enumValues: typeInfo.kind === 'enumeration' ? typeInfo.values : null,
    domain: domain === undefined ? null : { schema: domain.schema, name: domain.name },
    ...{ onUpdate: null, hidden: false, notNullOnConflict: null },
  }
}

function sequenceOf({ schema, name, cycle, ...numbers }: SequenceRow): SequenceDescription {
  return {
    ...{ schema, name, cycle },
    start: BigInt(numbers.start),
    increment: BigInt(numbers.increment),
    minimum: BigInt(numbers.minimum),
    maximum: BigInt(numbers.maximum),
    cache: BigInt(numbers.cache),
  }
}

function describePrimaryKey(constraint: ConstraintRow | undefined, of: RowsOfTable): PrimaryKeyDescription {
  if (constraint === undefined) {
    return { name: null, columns: [], members: [], include: [], deferrable: false, initially: 'immediate', onConflict: null }
  }
  return { name: constraint.name, ...keyOf(constraint, of) }
}

function describeUnique(constraint: ConstraintRow, of: RowsOfTable): UniqueConstraintDescription {
  return { name: constraint.name, ...keyOf(constraint, of), nullsDistinct: !indexOf(constraint, of).nullsNotDistinct }
}

function indexOf({ name }: ConstraintRow, { indexes }: RowsOfTable): IndexRow {
  return present(indexes.find(({ constraint }) => constraint === name))
}

function keyOf(constraint: ConstraintRow, of: RowsOfTable): Omit<PrimaryKeyDescription, 'name'> {
  const index = indexOf(constraint, of)
  return {
    columns: columnNames(constraint.columns, of),
    members: membersOf(index, of),
    include: includedBy(index, of),
    ...timingOf(constraint),
    onConflict: null,
  }
}

function columnNames(positions: readonly number[] | null, { columns }: RowsOfTable): string[] {
  return (positions ?? []).map((position) => present(columns.find((column) => column.position === position)).name)
}

function timingOf({ deferrable, deferred }: ConstraintRow): { readonly deferrable: boolean; readonly initially: 'immediate' | 'deferred' } {
  return { deferrable, initially: deferred ? 'deferred' : 'immediate' }
}

const ACTIONS: Readonly<Record<string, ReferentialAction>> = {
  a: 'no action',
  r: 'restrict',
  c: 'cascade',
  n: 'set null',
  d: 'set default',
}
const MATCHES: Readonly<Record<string, ForeignKeyDescription['match']>> = { s: 'simple', f: 'full', p: 'partial' }

function describeForeignKey(constraint: ConstraintRow, of: RowsOfTable): ForeignKeyDescription {
  const { id, name, columns, referredTable, referredSchema, referredVisible, onDeleteColumns, validated } = constraint
  return {
    name,
    columns: columnNames(columns, of),
    referredTable: present(referredTable),
    ...(referredVisible === true && !of.named ? {} : { referredSchema: present(referredSchema) }),
    referredColumns: present(of.referredColumns.get(id)),
    onDelete: ACTIONS[constraint.onDelete] ?? 'no action',
    onUpdate: ACTIONS[constraint.onUpdate] ?? 'no action',
    ...timingOf(constraint),
    match: MATCHES[constraint.match] ?? 'simple',
    onDeleteColumns: onDeleteColumns === null ? null : columnNames(onDeleteColumns, of),
    validated,
  }
}

function describeCheck({ name, expression, validated, noInherit }: ConstraintRow): CheckDescription {
  return { name, expression: expressionOf(expression), column: null, validated, enforced: true, noInherit }
}

function describeIndex(index: IndexRow, of: RowsOfTable): IndexDescription {
  const members = membersOf(index, of)
  return {
    name: index.name,
    columns: members.flatMap(({ column }) => (column === null ? [] : [column])),
    unique: index.unique,
    where: index.partial ? expressionOf(index.where) : null,
    members,
    method: index.method,
    include: includedBy(index, of),
    nullsDistinct: !index.nullsNotDistinct,
    comment: index.comment,
    sql: present(index.sql),
  }
}

function membersOf({ id, method }: IndexRow, { members }: RowsOfTable): KeyMember[] {
  const own = present(members.get(id)).filter(({ included }) => !included)
  return own.map((member) => describeMember(member, method === 'btree'))
}

/** @param ordered the index knows an order; to others it means nothing */
function describeMember({ column, expression, option, collation, operatorClass }: MemberRow, ordered: boolean): KeyMember {
  return {
    column,
    expression: column === null ? expressionOf(expression) : null,
    descending: (option & 1) !== 0,
    collation,
    nullsFirst: ordered ? (option & 2) !== 0 : null,
    length: null,
    operatorClass,
  }
}

function includedBy({ id }: IndexRow, { members }: RowsOfTable): string[] {
  return present(members.get(id)).flatMap(({ included, column }) => (included && column !== null ? [column] : []))
}
