import { CompiledQuery } from 'kysely'
import type { AnyKysely } from '../adapters/kysely/kysely-parts.ts'
import type { DialectName } from '../sql/dialect.ts'
import type { Direction, Migration } from './migration.ts'
import { MigrationError, messageOf } from './migration-error.ts'
import type { MigrationFile } from './migration-files.ts'
import { refuseInTransaction, refuseOpenEnd } from './refused-statements.ts'
import { type SqlStatement, splitStatements } from './split-statements.ts'

const section = /^[ \t]*--[ \t]*(up|down)[ \t]*\r?$/i
const noTransaction = /^[ \t]*--[ \t]*no transaction[ \t]*\r?$/im

/**
 * Understands a file of SQL. A line `-- up` begins what takes the database up, and `-- down` what takes it down again; without them all of the file
 * is the way up. A line `-- no transaction` says that it runs outside of one.
 *
 * @throws {MigrationError} the sections are not what they should be, or a statement is refused
 */
export function sqlMigration({ file, text }: MigrationFile, dialect: DialectName): Migration {
  const { up, down } = sectionsOf(text, dialect, file)
  if (up.length === 0) throw new MigrationError('it has no statement for the way up.', { file })
  const inTransaction = !noTransaction.test(text)
  for (const statements of [up, down ?? []]) {
    if (inTransaction) refuseInTransaction(statements, dialect, file)
    else refuseOpenEnd(statements, dialect, file)
  }
  return {
    inTransaction,
    reversible: down !== null,
    async run(direction: Direction, db: AnyKysely, onChange: () => void): Promise<void> {
      for (const { text: statement, line } of (direction === 'up' ? up : down) ?? []) {
        try {
          await db.executeQuery(CompiledQuery.raw(statement))
          onChange()
        } catch (cause) {
          throw new MigrationError(messageOf(cause), { file, line, cause })
        }
      }
    },
  }
}

interface Sections {
  readonly up: readonly SqlStatement[]
  readonly down: readonly SqlStatement[] | null
}

function sectionsOf(text: string, dialect: DialectName, file: string): Sections {
  const lines = text.split('\n')
  const marks = lines.flatMap((line, index) => {
    const word = section.exec(line)?.[1]?.toLowerCase()
    return word === undefined ? [] : [{ word, index }]
  })
  if (marks.length === 0) return { up: splitStatements(text, dialect), down: null }
  const part = (from: number, to: number | undefined) => splitStatements(lines.slice(from, to).join('\n'), dialect, from + 1)
  const [before] = part(0, marks[0]?.index)
  if (before !== undefined) throw new MigrationError('a statement stands before "-- up".', { file, line: before.line })
  const sections = new Map<string, readonly SqlStatement[]>()
  for (const [at, { word, index }] of marks.entries()) {
    if (sections.has(word)) throw new MigrationError(`"-- ${word}" stands twice.`, { file, line: index + 1 })
    sections.set(word, part(index + 1, marks[at + 1]?.index))
  }
  return { up: sections.get('up') ?? [], down: sections.get('down') ?? null }
}
