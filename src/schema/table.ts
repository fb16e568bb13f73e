import {
  type AliasedExpression,
  AliasNode,
  type DeleteQueryBuilder,
  type DeleteResult,
  type Expression,
  IdentifierNode,
  type SelectQueryBuilder,
  type UpdateQueryBuilder,
  type UpdateResult,
} from 'kysely'
import { ArgumentError } from '../errors.ts'
import { checkIdentifier } from '../sql/dialect.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'
import { checkOptionNames } from '../sql/option-names.ts'
import { Column } from './column.ts'
import type { AnyColumnSpec } from './column-spec.ts'
import { ColumnType } from './column-type.ts'
import type { ConditionLike } from './condition.ts'
import type { Constraint, ForeignKeyConstraint, Index, PrimaryKeyConstraint } from './constraints.ts'
import type { ColumnSpecs, DatabaseOf, KyselyTable, RowOf } from './infer.ts'
import { InsertStatement } from './insert-statement.ts'
import { deleteFrom, selectFrom, updateTable } from './statement-builders.ts'
import { checkParts, constraintsOf, indexesOf } from './table-constraints.ts'
import { type AnyTable, type Catalogue, keyOf, type TableOptions, tableNode } from './table-shape.ts'

/** The columns of a table by name. */
export type Columns<C extends ColumnSpecs> = { readonly [K in keyof C]: ColumnOf<C[K]> }

type ColumnOf<S> = S extends { readonly $out: infer Out; readonly $in: infer In } ? Column<Out, In> : Column

/**
 * A table as a value: its definition, its columns as expressions, and the statements that read and change it.
 *
 * @example
 * const users = new Table('users', metadata, { id: integer({ primaryKey: true }), name: text({ nullable: false }) })
 * await engine.execute(users.select(users.c.name.startsWith('D')))
 */
export class Table<N extends string = string, C extends ColumnSpecs = ColumnSpecs> implements AnyTable {
  /** Only for the compiler. */
  declare readonly $columns: C
  readonly name: N
  readonly schema: string | undefined
  readonly metadata: Catalogue
  /** The columns by name. */
  readonly c: Columns<C>
  readonly columns: readonly Column[]
  readonly primaryKey: PrimaryKeyConstraint | null
  /** Those of the columns' options too, without the primary key. */
  readonly constraints: readonly Constraint[]
  readonly indexes: readonly Index[]
  readonly options: TableOptions

  /**
   * @throws {ArgumentError} the name is taken in the MetaData, an option is unknown, a constraint names a column that is not there
   */
  constructor(name: N, metadata: Catalogue, columns: C, options: TableOptions = {}) {
    checkTable(name, columns, options)
    if (typeof metadata?.add !== 'function') throw new ArgumentError('A table is made in a MetaData: new Table(name, metadata, columns).')
    this.name = name
    this.metadata = metadata
    this.schema = options.schema ?? metadata.schema
    this.options = Object.freeze({ ...options })
    const node = tableNode(this)
    this.columns = Object.freeze(Object.entries(columns).map(([key, spec]) => new Column(key, spec, node, `${name}.${key}`)))
    this.c = columnsByName<C>(this.columns)
    const { primaryKey, constraints } = constraintsOf(this, metadata.namingConvention)
    this.primaryKey = primaryKey
    this.constraints = constraints
    this.indexes = indexesOf(this, metadata.namingConvention)
    metadata.add(this)
  }

  /** 'name', or 'schema.name': its key in `metadata.tables`. */
  get key(): string {
    return keyOf(this)
  }

  get foreignKeys(): readonly ForeignKeyConstraint[] {
    return this.constraints.filter((constraint) => constraint.kind === 'foreignKey')
  }

  /**
   * The column of that name.
   *
   * @throws {ArgumentError} there is none
   */
  column(name: string): Column {
    const column = this.columns.find((candidate) => candidate.name === name)
    if (column !== undefined) return column
    const names = this.columns.map((candidate) => candidate.name)
    throw new ArgumentError(`Table "${this.key}" has no column ${printableName(name)}.${didYouMean(name, names)}`)
  }

  /** The same table under another name, for a statement in which it stands twice. */
  alias<A extends string>(name: A): TableAlias<A, C> {
    return new TableAlias<A, C>(name, this)
  }

  /** All columns of the rows that meet the condition, or of all rows: Kysely's builder, to be refined. */
  select(where?: ConditionLike): SelectQueryBuilder<DatabaseOf<N, C>, N, RowOf<C>> {
    return selectFrom<N, C>(this, { where, columns: this.columns })
  }

  /** An insert; `.values(…)` says what. */
  insert(): InsertStatement<N, C> {
    return new InsertStatement<N, C>(this)
  }

  /** An update: Kysely's builder; without `where` it is of all rows. */
  update(): UpdateQueryBuilder<DatabaseOf<N, C>, N, N, UpdateResult> {
    return updateTable<N, C>(this)
  }

  /** A delete: Kysely's builder; without `where` it is of all rows. */
  delete(): DeleteQueryBuilder<DatabaseOf<N, C>, N, DeleteResult> {
    return deleteFrom<N, C>(this)
  }
}

/**
 * A table under another name. Kysely's joins take it: `tracks.select().innerJoin(albums.alias('a'), 'a.id', 'track.album_id').select('a.name')`.
 */
export class TableAlias<A extends string, C extends ColumnSpecs> implements AliasedExpression<KyselyTable<C>, A> {
  readonly name: A
  readonly table: AnyTable
  /** The columns by name. */
  readonly c: Columns<C>

  constructor(name: A, table: AnyTable) {
    checkIdentifier(name)
    this.name = name
    this.table = table
    this.c = columnsByName(
      table.columns.map((column) => new Column(column.name, column, tableNode({ name, schema: undefined }), column.label)),
    )
  }

  /** The same for Kysely. */
  get alias(): A {
    return this.name
  }

  /** The table by its own name, for Kysely. */
  get expression(): Expression<KyselyTable<C>> {
    const node = tableNode(this.table)
    return { expressionType: undefined, toOperationNode: () => node }
  }

  toOperationNode(): AliasNode {
    return AliasNode.create(tableNode(this.table), IdentifierNode.create(this.name))
  }

  /** As `Table.select`. */
  select(where?: ConditionLike): SelectQueryBuilder<DatabaseOf<A, C>, A, RowOf<C>> {
    return selectFrom<A, C>(this.table, { where, columns: Object.values<Column>(this.c), alias: this.name })
  }
}

function columnsByName<C extends ColumnSpecs>(columns: readonly Column[]): Columns<C> {
  // Without a prototype: a column may be called constructor, or __proto__.
  const byName: Record<string, Column> = Object.create(null)
  for (const column of columns) byName[column.name] = column
  return Object.freeze(byName) as Columns<C>
}

const optionNames: readonly (keyof TableOptions)[] = [
  'constraints',
  'indexes',
  'schema',
  'strict',
  'withoutRowid',
  'comment',
  'collation',
  'engine',
  'view',
  'materialized',
]

function checkTable(name: string, columns: ColumnSpecs, options: TableOptions): void {
  checkIdentifier(name)
  checkOptionNames(options, optionNames, 'A table')
  checkParts(`Table "${name}"`, options)
  if (options.schema !== undefined) checkIdentifier(options.schema)
  const names = Object.keys(columns)
  if (names.length === 0) throw new ArgumentError(`Table "${name}" has no columns.`)
  for (const [column, spec] of Object.entries<Partial<AnyColumnSpec> | null | undefined>(columns)) {
    checkIdentifier(column)
    if (!(spec?.type instanceof ColumnType))
      throw new ArgumentError(`Column ${printableName(column)} of table "${name}" must be made by integer(), text() and the like.`)
  }
}
