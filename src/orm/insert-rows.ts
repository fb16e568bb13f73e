import {
  ColumnNode,
  InsertQueryNode,
  RawNode,
  ReferenceNode,
  ReturningNode,
  SelectionNode,
  ValueListNode,
  ValueNode,
  ValuesNode,
} from 'kysely'
import { assertStored } from '../schema/compile/counted-zero.ts'
import { ValueSlot } from '../schema/compile/typed-value.ts'
import { tableNode } from '../schema/table-shape.ts'
import type { Dialect } from '../sql/dialect.ts'
import type { Executor, Row } from '../sql/executor.ts'
import { Sql } from '../sql/template.ts'
import type { Entity, EntityClass, ModelDefinition, StoredField } from './definition.ts'
import { typeOf } from './definition.ts'
import { identityOf } from './key-identity.ts'
import { Plan, PlanCache } from './plan.ts'
import { optionsOf } from './validation.ts'

/** One INSERT: how many rows of which fields, and what comes back. */
interface InsertPlan {
  readonly plan: Plan
  readonly returned: readonly StoredField[]
}

const plans = new PlanCache<InsertPlan>()

/**
 * Inserts rows of one table, and puts into them what the database has filled in: the key that it counts, and its defaults. As few statements as
 * the limit of parameters allows; several are one transaction only if the executor is in one.
 */
export async function insertRows(definition: ModelDefinition, rows: readonly Entity[], executor: Executor): Promise<void> {
  for (const group of groupsOf(definition, rows)) {
    const { dialect } = executor
    // DEFAULT VALUES is one row.
    const perStatement = group.fields.length === 0 ? 1 : Math.max(1, Math.floor(dialect.maxParameters / group.fields.length))
    for (let from = 0; from < group.rows.length; from += perStatement) {
      await insertChunk(definition, group.fields, group.rows.slice(from, from + perStatement), executor)
    }
  }
}

interface RowGroup {
  readonly fields: readonly StoredField[]
  readonly rows: Entity[]
}

/** Neighbours that have values for the same fields. */
function groupsOf(definition: ModelDefinition, rows: readonly Entity[]): readonly RowGroup[] {
  const groups: RowGroup[] = []
  let lastNames = ''
  for (const row of rows) {
    const fields = [...definition.fields.values()].filter(({ name }) => row[name] !== undefined)
    const names = fields.map(({ name }) => name).join()
    if (groups.length > 0 && names === lastNames) (groups.at(-1) as RowGroup).rows.push(row)
    else groups.push({ fields, rows: [row] })
    lastNames = names
  }
  return groups
}

async function insertChunk(
  definition: ModelDefinition,
  fields: readonly StoredField[],
  rows: readonly Entity[],
  executor: Executor,
): Promise<void> {
  const { dialect } = executor
  const values = rows.flatMap((row) => fields.map(({ name }) => row[name]))
  const isPlain = !values.some((value) => value instanceof Sql)
  const shape = isPlain ? `${dialect.name} ${fields.map(({ name }) => name).join()} ${rows.length}` : null
  const { plan, returned } = plans.get(entityOf(definition), shape, () =>
    insertPlan(definition, fields, { count: rows.length, dialect, values: isPlain ? null : values }),
  )
  if (dialect.returning && returned.length > 0) {
    const found = await executor.execute<unknown[]>(plan.with(values), [], readOptions(returned)).fetchall()
    for (const [index, row] of rows.entries()) takeReturned(row, returned, found[index] ?? [], dialect)
    return
  }
  const result = await executor.execute<unknown[]>(plan.with(values), [], readOptions(returned))
  const found = result.returnsRows ? await result.fetchall() : []
  if (found.length > 0) {
    for (const [index, row] of rows.entries()) takeReturned(row, returned, found[index] ?? [], dialect)
    return
  }
  if (dialect.lastInsertId && definition.countsKey) await countKeys(definition, rows, result.lastrowid, executor)
  if (!dialect.returning) await readDefaults(definition, fields, rows, executor)
}

function entityOf(definition: ModelDefinition): EntityClass {
  return definition.models.classOf(definition)
}

function readOptions(fields: readonly StoredField[]): { readonly rowMode: 'array'; readonly integers?: 'bigint' } {
  return { rowMode: 'array', ...(fields.some((field) => typeOf(field).bigints) ? { integers: 'bigint' } : {}) }
}

interface InsertShape {
  readonly count: number
  readonly dialect: Dialect
  /** Where some of them are SQL; null where all are values. */
  readonly values: readonly unknown[] | null
}

function insertPlan(definition: ModelDefinition, fields: readonly StoredField[], { count, dialect, values }: InsertShape): InsertPlan {
  const table = definition.table
  const width = fields.length
  const place = (index: number): ValueNode => {
    const field = fields[index % width] as StoredField
    const value = values?.[index]
    const label = `${definition.tableName}.${field.name}`
    const counts = definition.countsKey && field === definition.keyField
    const encode = (given: unknown) => {
      if (counts) assertStored(given, dialect, label)
      return typeOf(field).encode(given, dialect, label)
    }
    return ValueNode.create(value instanceof Sql ? value : new ValueSlot(index, encode))
  }
  const lists = Array.from({ length: count }, (_, row) => ValueListNode.create(fields.map((_field, column) => place(row * width + column))))
  const countsSeveral = dialect.lastInsertId && count > 1 && definition.countsKey && !fields.includes(definition.keyField)
  const returned = dialect.returning || countsSeveral ? filledIn(definition, fields) : []
  const into = InsertQueryNode.create(tableNode(table))
  const named = { ...into, columns: fields.map(({ column }) => ColumnNode.create(column)), values: ValuesNode.create(lists) }
  const node =
    width > 0
      ? named
      : dialect.upsert === 'onDuplicateKey'
        ? { ...into, columns: [], values: RawNode.createWithSql('values ()') }
        : { ...into, defaultValues: true }
  return { plan: new Plan(returned.length > 0 ? withReturning(node, returned, dialect) : node, dialect), returned }
}

/** To MySQL, which has no RETURNING, it is a comment; MariaDB, which has it since 10.5, runs it. */
function withReturning(node: InsertQueryNode, fields: readonly StoredField[], dialect: Dialect): InsertQueryNode {
  if (!dialect.returning) {
    const names = fields.map(({ column }) => dialect.quoteIdentifier(column)).join(', ')
    // A name with the end of a comment in it would end this one.
    return names.includes('*/') ? node : { ...node, endModifiers: [RawNode.createWithSql(`/*M!100500 returning ${names} */`)] }
  }
  const selections = fields.map(({ column }) => SelectionNode.create(ReferenceNode.create(ColumnNode.create(column))))
  return { ...node, returning: ReturningNode.create(selections) }
}

/** What the database knows after the insert and nobody else: the key that it counts, and its defaults. */
function filledIn(definition: ModelDefinition, given: readonly StoredField[]): readonly StoredField[] {
  return [...definition.fields.values()].filter((field) => {
    if (given.includes(field)) return false
    return field.primaryKey || optionsOf(field).serverDefault !== undefined
  })
}

function takeReturned(row: Entity, fields: readonly StoredField[], values: readonly unknown[], dialect: Dialect): void {
  for (const [index, field] of fields.entries()) row[field.name] = decoded(field, values[index] ?? null, dialect)
}

function decoded(field: StoredField, value: unknown, dialect: Dialect): unknown {
  const decode = typeOf(field).decoder(dialect, `${field.definition.tableName}.${field.name}`)
  return value === null || decode === null ? value : decode(value)
}

/** Those of one INSERT follow each other in the steps of the session, which are more than 1 on the servers of a cluster. */
async function countKeys(
  definition: ModelDefinition,
  rows: readonly Entity[],
  lastrowid: number | bigint | null,
  executor: Executor,
): Promise<void> {
  const { keyField } = definition
  const uncounted = rows.filter((row) => row[keyField.name] === undefined)
  if (uncounted.length === 0) return
  const [first, step] = uncounted.length === 1 ? [lastrowid, 1] : await readCounting(executor)
  if (first === null) return
  for (const [index, row] of uncounted.entries())
    row[keyField.name] = decoded(keyField, BigInt(first) + BigInt(index) * BigInt(step), executor.dialect)
}

/** Of the last INSERT: several rows are in a transaction, and so on one connection. */
async function readCounting(executor: Executor): Promise<readonly [first: bigint, step: bigint]> {
  const sql = 'select last_insert_id(), @@auto_increment_increment'
  return await executor.execute<readonly [bigint, bigint]>(sql, [], { rowMode: 'array', integers: 'bigint' }).one()
}

/** Without RETURNING, defaults of the database are read by the keys: of one field in one statement. */
async function readDefaults(
  definition: ModelDefinition,
  given: readonly StoredField[],
  rows: readonly Entity[],
  executor: Executor,
): Promise<void> {
  const missing = filledIn(definition, given).filter((field) => rows.some((row) => row[field.name] === undefined))
  const keyed = rows.filter((row) => definition.keyFields.every(({ name }) => row[name] !== undefined))
  if (missing.length === 0 || keyed.length === 0) return
  const { table, keyFields } = definition
  const [key, second] = keyFields as readonly [StoredField, ...StoredField[]]
  const columns = [...keyFields, ...missing].map(({ column }) => column)
  const query = table.select().clearSelect().select(columns)
  const found: Row[] = []
  if (second === undefined) {
    const column = definition.column(key)
    found.push(...(await executor.execute(query.where(column.in(keyed.map((row) => row[key.name]) as never))).fetchall()))
  } else {
    for (const row of keyed) {
      const ofRow = keyFields.reduce((narrowed, field) => narrowed.where(definition.column(field).eq(row[field.name] as never)), query)
      found.push(...(await executor.execute(ofRow).fetchall()))
    }
  }
  const byKey = new Map(found.map((row) => [keyText(keyFields.map(({ column }) => row[column])), row]))
  for (const row of keyed) {
    const stored = byKey.get(keyText(keyFields.map(({ name }) => row[name])))
    if (stored !== undefined) for (const field of missing) row[field.name] = stored[field.column]
  }
}

function keyText(parts: readonly unknown[]): string {
  return parts.map((part) => String(identityOf(part))).join('\0')
}
