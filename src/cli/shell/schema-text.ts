import { DefinitionText } from '../../migrations/autogenerate/definition-text.ts'
import type { TableDescription } from '../../schema/inspection/descriptions.ts'
import { inspect } from '../../schema/inspection/inspector.ts'
import { MetaData } from '../../schema/metadata.ts'
import type { Executor } from '../../sql/executor.ts'

/** The SQL that makes tables and views, with their indexes and triggers: SQLite's own text, and elsewhere what the catalogue tells. */
export async function schemaText(executor: Executor, only: readonly string[] | undefined): Promise<string> {
  const tables = await inspect(executor).describe({ only, views: true })
  const metadata = new MetaData()
  if (!executor.dialect.embedded) await metadata.reflect(executor, { views: true, only: tables.map(({ name }) => name) })
  return tables
    .flatMap((table) => [
      ...(executor.dialect.embedded ? ownStatements(table) : madeStatements(table, metadata, executor)),
      ...table.triggers.map(({ sql }) => sql),
    ])
    .map((statement) => `${statement.replace(/;\s*$/, '')};\n`)
    .join('')
}

function ownStatements({ options, indexes }: TableDescription): readonly string[] {
  return [options.sql, ...indexes.map(({ sql }) => sql)].filter((sql) => sql !== null)
}

function madeStatements({ name, view }: TableDescription, metadata: MetaData, { dialect }: Executor): readonly string[] {
  if (view !== null) return [`create view ${dialect.quoteIdentifier(name)} as ${view.definition}`]
  const table = metadata.tables.get(name)
  if (table === undefined) return []
  const text = new DefinitionText(dialect)
  return [text.createTable(table, []), ...table.indexes.map((index) => text.createIndex(table, index))]
}
