import {
  CheckConstraintNode,
  ColumnNode,
  type ConstraintNode,
  CreateTableNode,
  DropTableNode,
  ForeignKeyConstraintNode,
  PrimaryKeyConstraintNode,
  RawNode,
  UniqueConstraintNode,
} from 'kysely'
import type { Dialect } from '../../sql/dialect.ts'
import { raw } from '../compile/dialect-functions.ts'
import type { Constraint, ForeignKeyConstraint, Index, PrimaryKeyConstraint } from '../constraints.ts'
import { type AnyTable, countedColumn, referredName, tableNode } from '../table-shape.ts'
import { quoteText } from '../types/texts.ts'
import { columnDefinition, keyInColumn } from './column-definition.ts'
import { indexMembers, keyColumn } from './create-index.ts'
import { DefinitionStatement } from './definition-statement.ts'
import { sqlNode } from './sql-node.ts'

/** What `createTable()` does where the table is there. */
export interface CreateTableOptions {
  /** Default: false. */
  readonly ifNotExists?: boolean | undefined
}

/**
 * CREATE TABLE, alone: `metadata.createAll()` creates indexes too, and types that columns need.
 *
 * @example
 * await engine.execute(createTable(users))
 */
export function createTable(table: AnyTable, { ifNotExists = false }: CreateTableOptions = {}): DefinitionStatement {
  return new DefinitionStatement((dialect) => createTableNode(table, dialect, { ifNotExists, without: new Set() }))
}

/** DROP TABLE. */
export function dropTable(table: AnyTable, { ifExists = false }: { readonly ifExists?: boolean | undefined } = {}): DefinitionStatement {
  return new DefinitionStatement(() => DropTableNode.create(tableNode(table), { ifExists }))
}

export interface CreateTableDetails {
  readonly ifNotExists: boolean
  /** Foreign keys that are added when all tables are there. */
  readonly without: ReadonlySet<ForeignKeyConstraint>
}

export function createTableNode(table: AnyTable, dialect: Dialect, { ifNotExists, without }: CreateTableDetails): CreateTableNode {
  const { primaryKey } = table
  const columns = table.columns.map((column) => columnDefinition(table, column, dialect))
  const key = primaryKey === null || keyInColumn(table, dialect) ? [] : [constraintNode(table, primaryKey, dialect)]
  const others = table.constraints.filter((constraint) => !(constraint.kind === 'foreignKey' && without.has(constraint)))
  const modifiers = tableModifiers(table, dialect)
  return {
    ...CreateTableNode.create(tableNode(table)),
    ifNotExists,
    columns,
    constraints: [...key, ...others.map((constraint) => constraintNode(table, constraint, dialect)), ...countingIndexNodes(table, dialect)],
    ...(modifiers.length > 0 ? { endModifiers: [raw(modifiers.join(', '))] } : {}),
  }
}

export function constraintNode(table: AnyTable, constraint: Constraint, dialect: Dialect): ConstraintNode {
  switch (constraint.kind) {
    case 'unique':
      return UniqueConstraintNode.create(
        constraint.columns.map((name) => ColumnNode.create(name)),
        constraint.name,
      )
    case 'check':
      return CheckConstraintNode.create(sqlNode(constraint.expression), constraint.name)
    case 'primaryKey':
      return primaryKeyNode(constraint, dialect)
    case 'foreignKey':
      return foreignKeyNode(table, constraint, dialect)
  }
}

function primaryKeyNode({ columns, lengths, name }: PrimaryKeyConstraint, dialect: Dialect): PrimaryKeyConstraintNode {
  const node = PrimaryKeyConstraintNode.create([...columns], name)
  // Kysely takes columns there, and writes whatever node it is given.
  return { ...node, columns: columns.map((column) => keyColumn(column, lengths, dialect)) } as unknown as PrimaryKeyConstraintNode
}

/** MySQL: the index without which a column could not count, for it has to be a key when the table is made. */
function countingIndex(table: AnyTable, { name }: Dialect): Index | undefined {
  const counted = name === 'mysql' ? countedColumn(table)?.name : undefined
  if (counted === undefined) return undefined
  const keys = [table.primaryKey, ...table.constraints.filter((constraint) => constraint.kind === 'unique')]
  return keys.some((key) => key?.columns[0] === counted) ? undefined : table.indexes.find(({ members }) => members[0] === counted)
}

function countingIndexNodes(table: AnyTable, dialect: Dialect): readonly ConstraintNode[] {
  const index = countingIndex(table, dialect)
  if (index === undefined) return []
  const node = RawNode.create(
    [`${index.unique ? 'unique ' : ''}index ${dialect.quoteIdentifier(index.name)} (`, ...index.members.slice(1).map(() => ', '), ')'],
    indexMembers(index, dialect),
  )
  // Kysely takes constraints there, and writes whatever node it is given.
  return [node as unknown as ConstraintNode]
}

/** The indexes that CREATE TABLE does not make by itself. */
export function indexesApart(table: AnyTable, dialect: Dialect): readonly Index[] {
  const made = countingIndex(table, dialect)
  return table.indexes.filter((index) => index !== made)
}

function foreignKeyNode(table: AnyTable, constraint: ForeignKeyConstraint, dialect: Dialect): ForeignKeyConstraintNode {
  const { columns, referredTable, referredColumns, name, onDelete, onUpdate, deferrable, initiallyDeferred } = constraint
  const referred = referredName(table, referredTable)
  const node = ForeignKeyConstraintNode.create(
    columns.map((column) => ColumnNode.create(column)),
    // SQLite's foreign keys stay in their schema, and do not name it.
    tableNode(dialect.name === 'sqlite' ? { name: referred.name, schema: undefined } : referred),
    referredColumns.map((column) => ColumnNode.create(column)),
    name,
  )
  return ForeignKeyConstraintNode.cloneWith(node, {
    ...(onDelete === undefined ? {} : { onDelete }),
    ...(onUpdate === undefined ? {} : { onUpdate }),
    ...(deferrable === undefined ? {} : { deferrable }),
    ...(initiallyDeferred === undefined ? {} : { initiallyDeferred }),
  })
}

function tableModifiers({ options }: AnyTable, dialect: Dialect): readonly string[] {
  if (dialect.name === 'mysql') {
    const { engine, collation, comment } = options
    return [
      ...(engine === undefined ? [] : [`engine ${dialect.quoteIdentifier(engine)}`]),
      ...(collation === undefined ? [] : [`collate ${dialect.quoteIdentifier(collation)}`]),
      ...(comment === undefined ? [] : [`comment ${quoteText(comment, dialect)}`]),
    ]
  }
  if (dialect.name !== 'sqlite') return []
  return [...(options.withoutRowid === true ? ['without rowid'] : []), ...(options.strict === true ? ['strict'] : [])]
}
