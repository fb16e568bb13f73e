import { AddColumnNode, AddConstraintNode, AlterTableNode, type RootOperationNode } from 'kysely'
import type { Column } from '../../schema/column.ts'
import type { Constraint, ForeignKeyConstraint, Index } from '../../schema/constraints.ts'
import { columnDefinition } from '../../schema/ddl/column-definition.ts'
import { createIndex } from '../../schema/ddl/create-index.ts'
import { constraintNode, createTableNode } from '../../schema/ddl/create-table.ts'
import { DefinitionStatement } from '../../schema/ddl/definition-statement.ts'
import { type AnyTable, type QualifiedName, tableNode } from '../../schema/table-shape.ts'
import type { Dialect } from '../../sql/dialect.ts'
import { compileFor } from '../../sql/typed-statement.ts'

/** Writes definitions in one dialect. */
export class DefinitionText {
  readonly dialect: Dialect

  constructor(dialect: Dialect) {
    this.dialect = dialect
  }

  name({ name, schema }: QualifiedName): string {
    const quoted = this.dialect.quoteIdentifier(name)
    return schema === undefined ? quoted : `${this.dialect.quoteIdentifier(schema)}.${quoted}`
  }

  createTable(table: AnyTable, without: readonly ForeignKeyConstraint[]): string {
    return this.#text(createTableNode(table, this.dialect, { ifNotExists: false, without: new Set(without) }))
  }

  createIndex(table: AnyTable, index: Index): string {
    return createIndex(table, index)[compileFor](this.dialect).sql
  }

  addColumn(table: AnyTable, column: Column): string {
    const node = AlterTableNode.create(tableNode(table))
    return this.#text(AlterTableNode.cloneWithColumnAlteration(node, AddColumnNode.create(columnDefinition(table, column, this.dialect))))
  }

  /** What stands behind ADD COLUMN, and MODIFY COLUMN. */
  column(table: AnyTable, column: Column): string {
    return this.addColumn(table, column).slice(`alter table ${this.name(table)} add column `.length)
  }

  addConstraint(table: AnyTable, constraint: Constraint): string {
    const addConstraint = AddConstraintNode.create(constraintNode(table, constraint, this.dialect))
    return this.#text(AlterTableNode.cloneWithTableProps(AlterTableNode.create(tableNode(table)), { addConstraint }))
  }

  dropConstraint(table: AnyTable, name: string): string {
    return `alter table ${this.name(table)} drop constraint ${this.dialect.quoteIdentifier(name)}`
  }

  #text(node: RootOperationNode): string {
    return new DefinitionStatement(() => node)[compileFor](this.dialect).sql
  }
}

/** The same table, some of it said otherwise. */
export function tableLike(
  table: AnyTable,
  otherwise: Partial<Pick<AnyTable, 'name' | 'schema' | 'columns' | 'column' | 'primaryKey' | 'constraints' | 'indexes'>>,
): AnyTable {
  const properties = Object.entries(otherwise).map(([key, value]) => [key, { value, enumerable: true }])
  return Object.create(table, Object.fromEntries(properties))
}
