import {
  CheckConstraintNode,
  ColumnNode,
  type ConstraintNode,
  CreateTableNode,
  DropTableNode,
  ForeignKeyConstraintNode,
  PrimaryKeyConstraintNode,
  UniqueConstraintNode,
} from 'kysely'
import type { Dialect } from '../../sql/dialect.ts'
import { raw } from '../compile/dialect-functions.ts'
import type { Constraint, ForeignKeyConstraint } from '../constraints.ts'
import { type AnyTable, referredName, tableNode } from '../table-shape.ts'
import { quoteText } from '../types/texts.ts'
import { columnDefinition, keyInColumn } from './column-definition.ts'
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
  const key =
    primaryKey === null || keyInColumn(table, dialect) ? [] : [PrimaryKeyConstraintNode.create([...primaryKey.columns], primaryKey.name)]
  const others = table.constraints.filter((constraint) => !(constraint.kind === 'foreignKey' && without.has(constraint)))
  const modifiers = tableModifiers(table, dialect)
  return {
    ...CreateTableNode.create(tableNode(table)),
    ifNotExists,
    columns,
    constraints: [...key, ...others.map((constraint) => constraintNode(table, constraint, dialect))],
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
      return PrimaryKeyConstraintNode.create([...constraint.columns], constraint.name)
    case 'foreignKey':
      return foreignKeyNode(table, constraint, dialect)
  }
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
  if (dialect.name === 'mysql') return options.comment === undefined ? [] : [`comment ${quoteText(options.comment, dialect)}`]
  if (dialect.name !== 'sqlite') return []
  return [...(options.withoutRowid === true ? ['without rowid'] : []), ...(options.strict === true ? ['strict'] : [])]
}
