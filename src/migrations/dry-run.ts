import type { AnyKysely } from '../adapters/kysely/kysely-parts.ts'
import { beginStatements } from '../sql/begin.ts'
import type { Dialect } from '../sql/dialect.ts'
import { delimited } from './delimiters.ts'
import type { Migration } from './migration.ts'
import type { MigrationFile } from './migration-files.ts'
import type { RecordTable } from './record-table.ts'
import { RecordingKysely } from './recording-kysely.ts'

/** What would be run, as a script for the database's own shell: it records the migrations too. */
export async function scriptFor(
  steps: readonly { readonly file: MigrationFile; readonly migration: Migration }[],
  records: RecordTable,
  dialect: Dialect,
): Promise<string> {
  if (steps.length === 0) return ''
  const recording = new RecordingKysely(dialect)
  await records.creation(recording.db).execute()
  const end = (statement: string) => (dialect.name === 'mysql' ? delimited(statement) : null) ?? ended(statement)
  const parts = [recording.take().map(end).join('')]
  for (const { file, migration } of steps) {
    const whole = migration.inTransaction && dialect.transactionalDdl
    const run = (db: AnyKysely) => migration.run('up', db, () => {})
    await (whole ? recording.db.transaction().execute(run) : run(recording.db))
    const ofMigration = recording.take()
    await records.insert(recording.db, file, 'applied', 'script')
    const statements = [...ofMigration, ...(choosesSchema(ofMigration, dialect) ? ['reset search_path'] : []), ...recording.take()]
    parts.push(`-- ${file.file}\n${(whole ? inTransaction(statements, dialect) : statements).map(end).join('')}`)
  }
  return parts.join('\n')
}

/** A file of pg_dump chooses no schema, and the records would not be found behind it. */
function choosesSchema(statements: readonly string[], { name }: Dialect): boolean {
  return name === 'postgresql' && statements.some((statement) => /\bsearch_path\b/i.test(statement))
}

function inTransaction(statements: readonly string[], dialect: Dialect): readonly string[] {
  const whole = [...beginStatements(dialect, {}), ...statements]
  if (dialect.name !== 'sqlite') return [...whole, 'commit']
  return ['pragma foreign_keys = off', ...whole, 'pragma foreign_key_check', 'commit', 'pragma foreign_keys = on']
}

function ended(statement: string): string {
  if (statement.endsWith(';')) return `${statement}\n`
  // Behind a comment on its last line a semicolon would be part of that.
  return /(?:--|#)[^\n]*$/.test(statement) ? `${statement}\n;\n` : `${statement};\n`
}
