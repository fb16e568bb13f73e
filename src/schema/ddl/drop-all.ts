import { AlterTableNode, DropConstraintNode, DropTableNode, DropTypeNode, DropViewNode, SchemableIdentifierNode } from 'kysely'
import { InvalidRequestError } from '../../errors.ts'
import type { Executor } from '../../sql/executor.ts'
import { checkOptionNames } from '../../sql/option-names.ts'
import { inspect } from '../inspection/inspector.ts'
import { type AnyTable, type Catalogue, type QualifiedName, tableNode } from '../table-shape.ts'
import {
  type CreateOptions,
  chosenTables,
  createOptionNames,
  exists,
  filterAsync,
  inTransaction,
  isMaterialized,
  typesOf,
} from './create-all.ts'
import { DefinitionStatement } from './definition-statement.ts'
import { dependencyOrder, viewOrder } from './dependency-order.ts'

/** Drops the tables of a catalogue, those that refer to others first; in one transaction where DDL can be rolled back. */
export async function dropTables(executor: Executor, catalogue: Catalogue, options: CreateOptions = {}): Promise<void> {
  checkOptionNames(options, createOptionNames, 'dropAll()')
  const { checkFirst = true, tables } = options
  await inTransaction(executor, async (tx) => {
    const chosen = chosenTables(catalogue, tables)
    const present = checkFirst ? await filterAsync(chosen, (table) => exists(tx, table)) : chosen
    const views = present.filter(({ options }) => options.view !== undefined)
    for (const view of viewOrder(views).toReversed()) await tx.execute(dropView(view))
    const { tables: ordered, late } = dependencyOrder(present.filter(({ options }) => options.view === undefined))
    if (late.size > 0) await breakCircles(tx, ordered, late)
    for (const table of ordered.toReversed())
      await tx.execute(new DefinitionStatement(() => DropTableNode.create(tableNode(table), { ifExists: checkFirst })))
    await dropTypes(tx, chosen, catalogue)
  })
}

/** Without the keys that close them there are none; SQLite cannot drop a key, and drops what nobody refers to: tables without rows. */
async function breakCircles(tx: Executor, tables: readonly AnyTable[], late: ReturnType<typeof dependencyOrder>['late']): Promise<void> {
  if (tx.dialect.name === 'sqlite') {
    await tx.execute('pragma defer_foreign_keys = on')
    for (const table of tables) await tx.execute(emptied(table, tx))
    return
  }
  for (const table of tables) {
    for (const foreignKey of table.foreignKeys) {
      if (!late.has(foreignKey)) continue
      const name = foreignKey.name ?? (await nameInDatabase(tx, table, foreignKey.columns))
      await tx.execute(
        new DefinitionStatement(() =>
          AlterTableNode.cloneWithTableProps(AlterTableNode.create(tableNode(table)), { dropConstraint: DropConstraintNode.create(name) }),
        ),
      )
    }
  }
}

function emptied({ name, schema }: AnyTable, { dialect }: Executor): string {
  return `delete from ${schema === undefined ? '' : `${dialect.quoteIdentifier(schema)}.`}${dialect.quoteIdentifier(name)}`
}

/** A constraint that was made without a name has one by now. */
async function nameInDatabase(tx: Executor, table: AnyTable, columns: readonly string[]): Promise<string> {
  const keys = await inspect(tx).foreignKeys(table.name, table.schema)
  const found = keys.find((key) => key.columns.join('\0') === columns.join('\0'))
  if (found?.name == null) {
    throw new InvalidRequestError(
      `Table "${table.key}" has no foreign key over (${columns.join(', ')}) in the database: reflect it, or drop it by hand.`,
    )
  }
  return found.name
}

function dropView(view: AnyTable): DefinitionStatement {
  const { name, schema } = view
  const identifier = schema === undefined ? SchemableIdentifierNode.create(name) : SchemableIdentifierNode.createWithSchema(schema, name)
  return new DefinitionStatement((dialect) => ({
    ...DropViewNode.create(name),
    name: identifier,
    ...(isMaterialized(view, dialect) ? { materialized: true } : {}),
  }))
}

/** Types that no table of the catalogue is left with. */
async function dropTypes(tx: Executor, dropped: readonly AnyTable[], { tables }: Catalogue): Promise<void> {
  if (tx.dialect.name !== 'postgresql') return
  const kept = new Set(
    typesOf([...tables.values()].filter((table) => !dropped.includes(table))).map(({ name, schema }) => `${schema ?? ''}.${name}`),
  )
  for (const { name, schema } of typesOf(dropped)) {
    if (kept.has(`${schema ?? ''}.${name}`)) continue
    // Tables that the catalogue does not know may have it, too.
    if (await isUsed(tx, { name, schema })) continue
    const identifier = schema === undefined ? SchemableIdentifierNode.create(name) : SchemableIdentifierNode.createWithSchema(schema, name)
    await tx.execute(new DefinitionStatement(() => ({ ...DropTypeNode.create(identifier), ifExists: true })))
  }
}

/** Something in the database is of the type, or of lists of it. */
async function isUsed(tx: Executor, { name, schema }: QualifiedName): Promise<boolean> {
  const inSchema = schema === undefined ? 'pg_catalog.pg_type_is_visible(t.oid)' : 'n.nspname = $2'
  const query = `select 1 from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass and d.refobjid in (t.oid, t.typarray)
    where t.typname = $1 and ${inSchema} and d.deptype = 'n' limit 1`
  return (await tx.execute(query, schema === undefined ? [name] : [name, schema]).first()) !== null
}
