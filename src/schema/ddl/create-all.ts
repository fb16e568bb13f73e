import { AddConstraintNode, AlterTableNode, CreateTypeNode, CreateViewNode, RawNode, SchemableIdentifierNode } from 'kysely'
import { ArgumentError } from '../../errors.ts'
import type { Dialect } from '../../sql/dialect.ts'
import type { Executor } from '../../sql/executor.ts'
import { printableName } from '../../sql/nearest-name.ts'
import { checkOptionNames } from '../../sql/option-names.ts'
import { hasTableQuery } from '../../sql/table-queries.ts'
import type { Column } from '../column.ts'
import type { ForeignKeyConstraint } from '../constraints.ts'
import { type AnyTable, type Catalogue, tableNode } from '../table-shape.ts'
import { EnumerationType, quoteText } from '../types/texts.ts'
import { createIndex } from './create-index.ts'
import { constraintNode, createTableNode, indexesApart } from './create-table.ts'
import { DefinitionStatement } from './definition-statement.ts'
import { dependencyOrder, keysToIndexes, viewOrder } from './dependency-order.ts'

/** Which tables `createAll()` and `dropAll()` are about. */
export interface CreateOptions {
  /** Passes over what is there already, or is not there. Default: true. */
  readonly checkFirst?: boolean | undefined
  /** Only these, by 'name' or 'schema.name' or as tables. Default: all. */
  readonly tables?: readonly (string | AnyTable)[] | undefined
}

export const createOptionNames: readonly string[] = ['checkFirst', 'tables'] satisfies (keyof CreateOptions)[]

/** Creates the tables of a catalogue; in one transaction where DDL can be rolled back. */
export async function createTables(executor: Executor, catalogue: Catalogue, options: CreateOptions = {}): Promise<void> {
  checkOptionNames(options, createOptionNames, 'createAll()')
  const { checkFirst = true, tables } = options
  const { dialect } = executor
  await inTransaction(executor, async (tx) => {
    await waitForTurn(tx)
    const chosen = chosenTables(catalogue, tables)
    const wanted = checkFirst ? await filterAsync(chosen, async (table) => !(await exists(tx, table))) : chosen
    const { tables: ordered, late } = dependencyOrder(wanted.filter(({ options }) => options.view === undefined))
    // SQLite looks at what a key refers to when rows come, and has no ALTER TABLE for it.
    const without = new Set<ForeignKeyConstraint>(dialect.name === 'sqlite' ? [] : [...late, ...keysToIndexes(ordered)])
    for (const type of typesOf(ordered)) await createType(tx, type)
    for (const table of ordered) {
      await tx.execute(new DefinitionStatement((of) => createTableNode(table, of, { ifNotExists: checkFirst, without })))
    }
    for (const table of ordered) {
      for (const index of indexesApart(table, dialect)) await tx.execute(createIndex(table, index))
      for (const comment of commentsOf(table, tx)) await tx.execute(comment)
    }
    for (const table of ordered) {
      for (const foreignKey of table.foreignKeys) if (without.has(foreignKey)) await tx.execute(addForeignKey(table, foreignKey))
    }
    for (const view of viewOrder(wanted.filter(({ options }) => options.view !== undefined))) {
      await tx.execute(createView(view))
      if (isMaterialized(view, dialect)) for (const index of view.indexes) await tx.execute(createIndex(view, index))
      for (const comment of commentsOf(view, tx)) await tx.execute(comment)
    }
  })
}

/** Any number, as long as it is always the same. */
const lockOfCreation = 6_823_950_117

/** Two programs that start at once create one schema: PostgreSQL would let both look, and then fail one of them. SQLite has one writer at a time. */
async function waitForTurn(tx: Executor): Promise<void> {
  if (tx.dialect.name === 'postgresql') await tx.execute('select pg_advisory_xact_lock($1)', [lockOfCreation])
}

export async function inTransaction(executor: Executor, work: (tx: Executor) => Promise<void>): Promise<void> {
  if (executor.dialect.transactionalDdl) await executor.transaction(work)
  else await work(executor)
}

/** @throws {ArgumentError} a name is none of the catalogue's */
export function chosenTables({ tables }: Catalogue, chosen: CreateOptions['tables']): readonly AnyTable[] {
  if (chosen === undefined) return [...tables.values()]
  return chosen.map((table) => {
    const found = tables.get(typeof table === 'string' ? table : table.key)
    if (found === undefined) throw new ArgumentError(`This MetaData has no table ${printableName(String(table))}.`)
    return found
  })
}

export async function exists(executor: Executor, { name, schema }: AnyTable): Promise<boolean> {
  const { sql, values } = hasTableQuery(executor.dialect, name, schema)
  return (await executor.execute(sql, values).first()) !== null
}

export async function filterAsync<T>(list: readonly T[], test: (item: T) => Promise<boolean>): Promise<readonly T[]> {
  const kept: T[] = []
  for (const item of list) if (await test(item)) kept.push(item)
  return kept
}

function addForeignKey(table: AnyTable, foreignKey: ForeignKeyConstraint): DefinitionStatement {
  return new DefinitionStatement((dialect) =>
    AlterTableNode.cloneWithTableProps(AlterTableNode.create(tableNode(table)), {
      addConstraint: AddConstraintNode.create(constraintNode(table, foreignKey, dialect)),
    }),
  )
}

/** PostgreSQL: the view keeps the rows that it has found. */
export function isMaterialized({ options }: AnyTable, { name }: Dialect): boolean {
  return name === 'postgresql' && options.materialized === true
}

function createView(view: AnyTable): DefinitionStatement {
  const { name, schema, options } = view
  const identifier = schema === undefined ? SchemableIdentifierNode.create(name) : SchemableIdentifierNode.createWithSchema(schema, name)
  return new DefinitionStatement((dialect) => ({
    ...CreateViewNode.create(name),
    name: identifier,
    ...(isMaterialized(view, dialect) ? { materialized: true } : {}),
    as: RawNode.createWithSql(options.view ?? ''),
  }))
}

/** A type of PostgreSQL's that holds the values of an enumeration. */
export interface NamedType {
  readonly name: string
  readonly schema: string | undefined
  readonly values: readonly string[]
}

/** The types that columns of these tables have by name, each once. */
export function typesOf(tables: readonly AnyTable[]): readonly NamedType[] {
  const types = new Map<string, NamedType>()
  for (const { columns, schema } of tables) {
    for (const column of columns) {
      const type = column.type.stored
      if (type instanceof EnumerationType && type.name !== undefined)
        types.set(`${schema ?? ''}.${type.name}`, { name: type.name, schema, values: type.values })
    }
  }
  return [...types.values()]
}

async function createType(executor: Executor, { name, schema, values }: NamedType): Promise<void> {
  const { dialect } = executor
  if (dialect.name !== 'postgresql') return
  const inSchema = schema === undefined ? 'pg_catalog.pg_type_is_visible(t.oid)' : 'n.nspname = $2'
  const query = `select 1 from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace where t.typname = $1 and ${inSchema}`
  if ((await executor.execute(query, schema === undefined ? [name] : [name, schema]).first()) !== null) return
  const identifier = schema === undefined ? SchemableIdentifierNode.create(name) : SchemableIdentifierNode.createWithSchema(schema, name)
  await executor.execute(new DefinitionStatement(() => CreateTypeNode.cloneWithEnum(CreateTypeNode.create(identifier), values)))
}

/** PostgreSQL has statements of their own for comments. */
export function commentsOf(table: AnyTable, { dialect }: Pick<Executor, 'dialect'>): readonly string[] {
  if (dialect.name !== 'postgresql') return []
  const { options } = table
  const kind = options.view === undefined ? 'table' : options.materialized === true ? 'materialized view' : 'view'
  const ofTable =
    options.comment === undefined ? [] : [`comment on ${kind} ${nameOf(table, dialect)} is ${quoteText(options.comment, dialect)}`]
  return [...ofTable, ...commentsOfColumns(table, table.columns, dialect)]
}

/** The same of some columns of a table of PostgreSQL. */
export function commentsOfColumns(table: AnyTable, columns: readonly Column[], dialect: Dialect): readonly string[] {
  return columns.flatMap(({ name, options: { comment } }) =>
    comment === undefined
      ? []
      : [`comment on column ${nameOf(table, dialect)}.${dialect.quoteIdentifier(name)} is ${quoteText(comment, dialect)}`],
  )
}

function nameOf({ name, schema }: AnyTable, { quoteIdentifier }: Dialect): string {
  return `${schema === undefined ? '' : `${quoteIdentifier(schema)}.`}${quoteIdentifier(name)}`
}
