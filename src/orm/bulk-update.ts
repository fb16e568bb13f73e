import {
  BinaryOperationNode,
  ColumnNode,
  ColumnUpdateNode,
  type OperationNode,
  OperatorNode,
  RawNode,
  ReferenceNode,
  UpdateQueryNode,
  ValueListNode,
  ValueNode,
  WhereNode,
} from 'kysely'
import { InvalidRequestError } from '../errors.ts'
import { spell } from '../schema/compile/dialect-functions.ts'
import { TypedValue } from '../schema/compile/typed-value.ts'
import { tableNode } from '../schema/table-shape.ts'
import type { Executor } from '../sql/executor.ts'
import { changesIn } from '../sql/open-transaction.ts'
import { describeValue } from '../sql/parameters.ts'
import { Sql } from '../sql/template.ts'
import { type Entity, type ModelDefinition, type StoredField, typeOf } from './definition.ts'
import { keyValue, type Model, takeChanges } from './model.ts'
import { Stateful } from './model-state.ts'
import { Plan } from './plan.ts'
import { setByUpdates, validateValues } from './validation.ts'

/** A condition of as many parts is deep, and SQLite goes down 1,000 steps. */
const maxCompositeKeys = 200

/** Rows with their keys and new values. */
interface ChangedRow {
  readonly instance: Entity
  readonly key: readonly unknown[]
  readonly values: Entity
}

/**
 * Stores these fields of instances as they are, in one transaction, and those that each update sets. What is stored the instances have
 * afterwards, unless it is rolled back.
 *
 * @returns how many rows there were
 * @throws {ValidationError} a value does not fit; nothing was sent
 */
export async function updateInstances(
  definition: ModelDefinition,
  { instances, names }: { readonly instances: readonly Entity[]; readonly names: readonly string[] },
  executor: Executor,
): Promise<number> {
  const given = names.map((name) => definition.field(name))
  if (given.length === 0) return 0
  for (const instance of instances) assertOfModel(definition, instance)
  const rows = instances.map((instance) => changedRow(definition, instance, given))
  const [first] = rows
  if (first === undefined) return 0
  const fields = Object.keys(first.values).map((name) => definition.field(name))
  const changes = changesIn(executor)
  const matched = await executor.transaction(async (tx) => {
    const counts: number[] = []
    // Of joined tables, each has its own fields.
    for (const [table, own] of Map.groupBy(fields, (field) => field.definition))
      counts.push(await updateEach({ model: definition, table, fields: own }, rows, tx))
    return Math.max(...counts)
  })
  for (const { instance, values } of rows) takeChanges(instance as unknown as Model, values, { given: instance, changes })
  return matched
}

function assertOfModel(definition: ModelDefinition, instance: Entity): void {
  let model: ModelDefinition | null = instance instanceof Stateful ? Stateful.definitionOf(instance) : null
  while (model !== null && model !== definition) model = model.parent
  if (model === null) throw new TypeError(`bulkUpdate() takes instances of ${definition.name}, found ${describeValue(instance)}.`)
  if (definition.keyFields.some((field) => (keyValue(instance, field) ?? null) === null))
    throw new InvalidRequestError(`bulkUpdate() takes rows that have been created: ${String(instance)} has no key.`)
}

function changedRow(definition: ModelDefinition, instance: Entity, given: readonly StoredField[]): ChangedRow {
  const values = validateValues(definition, Object.fromEntries(given.map(({ name }) => [name, instance[name]])))
  const key = definition.keyFields.map((field) => keyValue(instance, field))
  return { instance, key, values: { ...values, ...setByUpdates(definition, given) } }
}

/** Fields of one of the tables that have the rows of a model. */
interface TablePart {
  readonly model: ModelDefinition
  readonly table: ModelDefinition
  readonly fields: readonly StoredField[]
}

/**
 * Gives rows different values of the same fields, in as few statements as the limit of parameters allows.
 *
 * @returns how many rows were there
 */
async function updateEach(part: TablePart, rows: readonly ChangedRow[], executor: Executor): Promise<number> {
  const { table, fields } = part
  const perRow = table.keyFields.length * (fields.length + 1) + fields.length
  const most = table.keyFields.length === 1 ? 1_000 : maxCompositeKeys
  const perStatement = Math.max(1, Math.min(most, Math.floor(executor.dialect.maxParameters / perRow)))
  let matched = 0
  for (let from = 0; from < rows.length; from += perStatement) {
    const chunk = rows.slice(from, from + perStatement)
    matched += (await executor.execute(updateStatement(part, chunk, executor).with([]))).rowcount
  }
  return matched
}

function updateStatement({ model, table, fields }: TablePart, rows: readonly ChangedRow[], { dialect }: Executor): Plan {
  const keys = rows.map(({ key }) => isKey(table, key))
  const updates = fields.map((field) => {
    const cases = rows.map(
      ({ values }, index) =>
        spell` when ${keys[index] as OperationNode} then ${newValue(field, values[field.name], dialect.name === 'postgresql')}`,
    )
    const node = RawNode.createWithChildren([RawNode.createWithSql('case'), ...cases, RawNode.createWithSql(' end')])
    return ColumnUpdateNode.create(ColumnNode.create(field.column), node)
  })
  const among = table.keyFields.length === 1 ? keyAmong(table, rows) : keys.reduce((left, right) => spell`${left} or ${right}`)
  // The parent's row may be there without that of the child.
  const where = WhereNode.create(model === table ? among : spell`(${among}) and exists (${rowOf(model, table)})`)
  return new Plan({ ...UpdateQueryNode.create([tableNode(table.table)]), updates, where }, dialect)

  /** What stands in CASE has no column to take its type from. */
  function newValue(field: StoredField, value: unknown, typed: boolean): OperationNode {
    if (value instanceof Sql) return ValueNode.create(value)
    const node = ValueNode.create(new TypedValue(value ?? null, typeOf(field), `${field.definition.tableName}.${field.name}`))
    return typed ? spell`cast(${node} as ${RawNode.createWithSql(typeOf(field).sqlType(dialect, false))})` : node
  }
}

/** A SELECT of the other half of a row. */
function rowOf(model: ModelDefinition, table: ModelDefinition): OperationNode {
  const column = (of: ModelDefinition, name: string) => ReferenceNode.create(ColumnNode.create(of.field(name).column), tableNode(of.table))
  const equal = model.keyFields.map(({ name }) => spell`${column(model, name)} = ${column(table, name)}`)
  return spell`select 1 from ${tableNode(model.table)} where ${equal.reduce((left, right) => spell`${left} and ${right}`)}`
}

function isKey({ keyFields }: ModelDefinition, key: readonly unknown[]): OperationNode {
  const parts = keyFields.map((field, index) => {
    const value = ValueNode.create(new TypedValue(key[index], typeOf(field), `${field.definition.tableName}.${field.name}`))
    return spell`${ReferenceNode.create(ColumnNode.create(field.column))} = ${value}`
  })
  return spell`(${parts.reduce((left, right) => spell`${left} and ${right}`)})`
}

function keyAmong(definition: ModelDefinition, rows: readonly ChangedRow[]): OperationNode {
  const { keyField } = definition
  const label = `${keyField.definition.tableName}.${keyField.name}`
  const values = rows.map(({ key }) => ValueNode.create(new TypedValue(key[0], typeOf(keyField), label)))
  return BinaryOperationNode.create(
    ReferenceNode.create(ColumnNode.create(keyField.column)),
    OperatorNode.create('in'),
    ValueListNode.create(values),
  )
}
