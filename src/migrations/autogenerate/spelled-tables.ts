import { randomUUID } from 'node:crypto'
import { primaryKeyConstraint } from '../../schema/constraints.ts'
import { typesOf } from '../../schema/ddl/create-all.ts'
import { MetaData } from '../../schema/metadata.ts'
import type { AnyTable } from '../../schema/table-shape.ts'
import { quoteText } from '../../schema/types/texts.ts'
import type { Executor } from '../../sql/executor.ts'
import { DefinitionText, tableLike } from './definition-text.ts'
import { mysqlSpelledTables } from './mysql-spelling.ts'
import { insideSchemaOf } from './own-types.ts'
import type { Tables } from './schema-changes.ts'

/** Ends the transaction in which PostgreSQL is asked. */
const enough = new Error('PostgreSQL has been asked how it spells these tables.')

/**
 * How the database would spell tables: PostgreSQL and MySQL rewrite expressions, so that only what they have rewritten can be compared with what they
 * have. PostgreSQL makes them in a schema of their own, in a transaction that is rolled back. SQLite keeps what was written.
 *
 * @param live what is there
 * @throws {ProgrammingError} the role may not create a schema, or a table is refused
 */
export async function spelledTables(executor: Executor, tables: readonly AnyTable[], live: Tables): Promise<Tables> {
  const spelled = new Map<string, AnyTable>()
  if (executor.dialect.name === 'mysql') return await mysqlSpelledTables(executor, tables, live)
  if (executor.dialect.name !== 'postgresql' || tables.length === 0) return spelled
  try {
    await executor.transaction(async (tx) => {
      for (const [key, table] of await spell(tx, tables)) spelled.set(key, table)
      throw enough
    })
  } catch (error) {
    if (error !== enough) throw error
  }
  return spelled
}

async function spell(tx: Executor, tables: readonly AnyTable[]): Promise<Tables> {
  const { dialect } = tx
  const text = new DefinitionText(dialect)
  const schema = `offloop_scratch_${randomUUID().replaceAll('-', '')}`
  await tx.execute(`create schema ${schema}`)
  await tx.execute(`select set_config('search_path', '${schema}, ' || current_setting('search_path'), true)`)
  for (const name of new Set(typesOf(tables).map((type) => type.name))) {
    const values = typesOf(tables).find((type) => type.name === name)?.values ?? []
    await tx.execute(`create type ${text.name({ name, schema })} as enum (${values.map((value) => quoteText(value, dialect)).join(', ')})`)
  }
  const copies = tables.map((table, index) => copyOf(table, schema, `t${index}`))
  for (const [index, copy] of copies.entries()) {
    // Of the types in this schema, as its columns are.
    const inside = insideSchemaOf(tables[index] as AnyTable, dialect)
    await tx.execute(inside(text.createTable(copy, copy.foreignKeys)))
    for (const made of copy.indexes) if (made.sql === undefined) await tx.execute(inside(text.createIndex(copy, made)))
  }
  const reflected = new MetaData({ schema })
  await reflected.reflect(tx)
  return new Map(copies.map((copy, index) => [(tables[index] as AnyTable).key, alignedWith(copy, reflected.tables.get(copy.key))]))
}

/** The table under another name, all that has a name named after it. */
function copyOf(table: AnyTable, schema: string, name: string): AnyTable {
  return tableLike(table, {
    name,
    schema,
    primaryKey: table.primaryKey === null ? null : { ...table.primaryKey, name: `${name}key` },
    constraints: table.constraints.map((constraint, index) => ({ ...constraint, name: `${name}c${index}` })),
    indexes: table.indexes.map((index, at) => ({ ...index, name: `${name}i${at}` })),
  })
}

/** Stands for a check that was read as the list of an enumeration: as part of its column. */
const absorbed = primaryKeyConstraint(['absorbed'])

/** The table as it was read, its constraints and indexes in the order in which they were defined. */
function alignedWith(copy: AnyTable, read: AnyTable | undefined): AnyTable {
  if (read === undefined) return copy
  return tableLike(read, {
    constraints: copy.constraints.map((constraint) => read.constraints.find(({ name }) => name === constraint.name) ?? absorbed),
    indexes: copy.indexes.map((index) =>
      index.sql === undefined ? (read.indexes.find(({ name }) => name === index.name) ?? index) : index,
    ),
  })
}
