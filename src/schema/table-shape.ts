import { TableNode } from 'kysely'
import type { Column } from './column.ts'
import type { Constraint, ForeignKeyConstraint, Index, PrimaryKeyConstraint } from './constraints.ts'
import type { NamingConvention } from './naming-convention.ts'

/** What a table can be told beside its columns. */
export interface TableOptions {
  readonly constraints?: readonly Constraint[] | undefined
  readonly indexes?: readonly Index[] | undefined
  /** Default: the schema of the MetaData. */
  readonly schema?: string | undefined
  /** SQLite: values must have the type of their column. */
  readonly strict?: boolean | undefined
  /** SQLite: rows are kept in the order of their key. */
  readonly withoutRowid?: boolean | undefined
  readonly comment?: string | undefined
  /** MySQL: that of all columns that name none. */
  readonly collation?: string | undefined
  /** MySQL: what keeps the rows. */
  readonly engine?: string | undefined
  /** The SELECT of a view: it is created behind the tables, by this text. */
  readonly view?: string | undefined
  /** PostgreSQL: a view that keeps the rows which it has found. */
  readonly materialized?: boolean | undefined
}

/** A table without the types of its columns: what the rest of the schema layer works with. */
export interface AnyTable {
  readonly name: string
  readonly schema: string | undefined
  /** 'name', or 'schema.name'. */
  readonly key: string
  readonly columns: readonly Column[]
  readonly primaryKey: PrimaryKeyConstraint | null
  readonly constraints: readonly Constraint[]
  readonly foreignKeys: readonly ForeignKeyConstraint[]
  readonly indexes: readonly Index[]
  readonly options: TableOptions
  readonly metadata: Catalogue
  /**
   * The column of that name.
   *
   * @throws {ArgumentError} there is none
   */
  column(name: string): Column
}

/** Where tables find each other: a MetaData. */
export interface Catalogue {
  readonly schema: string | undefined
  readonly namingConvention: NamingConvention
  /** All of them. */
  readonly tables: ReadonlyMap<string, AnyTable>
  /** The one of a key. Unlike `tables`, it asks for no others, which may not be ready to be made. */
  find(key: string): AnyTable | undefined
  /** Called by each table that is made. */
  add(table: AnyTable): void
}

export interface QualifiedName {
  readonly name: string
  readonly schema: string | undefined
}

/** The key of a table in its catalogue. */
export function keyOf({ name, schema }: QualifiedName): string {
  return schema === undefined ? name : `${schema}.${name}`
}

/** How a statement names a table. */
export function tableNode({ name, schema }: QualifiedName): TableNode {
  return schema === undefined ? TableNode.create(name) : TableNode.createWithSchema(schema, name)
}

/** Tables that were read without a schema: their keys, by their names in the one that they are in. */
const readWithout = new WeakMap<Catalogue, Map<string, string>>()

/** A table was read without a schema: the foreign keys of other schemas name it with the one that it is in. */
export function noteRead(catalogue: Catalogue, { name, schema }: QualifiedName): void {
  const keys = readWithout.get(catalogue) ?? new Map<string, string>()
  readWithout.set(catalogue, keys.set(keyOf({ name, schema }), name))
}

/** The table that a foreign key means by 'table' or 'schema.table': one of its own schema before any other. */
export function referredName(from: AnyTable, referred: string): QualifiedName {
  const catalogue = from.metadata
  const known = catalogue.find(keyOf({ name: referred, schema: from.schema })) ?? catalogue.find(referred)
  if (known !== undefined) return known
  const dot = referred.indexOf('.')
  if (dot <= 0) return { name: referred, schema: from.schema }
  return { name: referred.slice(dot + 1), schema: referred.slice(0, dot) }
}

/** The key of that table in its catalogue, which may know it without the schema that the foreign key has to name. */
export function referredKey(from: AnyTable, referred: string): string {
  const key = keyOf(referredName(from, referred))
  return from.metadata.find(key) !== undefined ? key : (readWithout.get(from.metadata)?.get(key) ?? key)
}

/**
 * The column that the database counts up by itself, if there is one: said so, or the key's only one, of whole numbers, that refers to nothing.
 */
export function countedColumn(table: AnyTable): Column | undefined {
  const said = table.columns.find(({ options }) => options.autoIncrement === true)
  if (said !== undefined) return said
  const [name, second] = table.primaryKey?.columns ?? []
  if (name === undefined || second !== undefined || table.options.withoutRowid === true) return undefined
  const column = table.columns.find((candidate) => candidate.name === name) as Column
  const { autoIncrement, references, serverDefault, generated, default: initial } = column.options
  const refers = references !== undefined || table.foreignKeys.some(({ columns }) => columns.includes(name))
  if (!column.type.countable || autoIncrement === false || refers) return undefined
  return serverDefault === undefined && generated === undefined && initial === undefined ? column : undefined
}
