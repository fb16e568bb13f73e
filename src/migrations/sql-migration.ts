import { CompiledQuery } from 'kysely'
import type { AnyKysely } from '../adapters/kysely/kysely-parts.ts'
import type { DialectName } from '../sql/dialect.ts'
import { scanStatement } from '../sql/scan-statement.ts'
import { withoutDelimiters } from './delimiters.ts'
import type { Direction, Migration } from './migration.ts'
import { MigrationError, messageOf } from './migration-error.ts'
import type { MigrationFile } from './migration-files.ts'
import { refuseInTransaction, refuseOpenEnd } from './refused-statements.ts'
import { sectionMark } from './section-mark.ts'
import { type SqlStatement, splitStatements } from './split-statements.ts'

/**
 * Understands a file of SQL. A line `-- up` begins what takes the database up, and `-- down` what takes it down again; without `-- up` all that
 * stands before `-- down` is the way up, or all of the file. A line `-- no transaction` says that it runs outside of one. In MySQL
 * DELIMITER is understood.
 *
 * @throws {MigrationError} the sections are not what they should be, or a statement is refused
 */
export function sqlMigration({ file, text }: MigrationFile, dialect: DialectName): Migration {
  const { up, down, inTransaction } = sectionsOf(dialect === 'mysql' ? withoutDelimiters(text, file) : text, dialect, file)
  if (up.length === 0) throw new MigrationError('it has no statement for the way up.', { file })
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
  readonly inTransaction: boolean
}

function sectionsOf(text: string, dialect: DialectName, file: string): Sections {
  const lines = text.split('\n')
  const found = marksOf(lines, dialect)
  const marks = found.filter(({ word }) => word !== 'no transaction')
  const inTransaction = marks.length === found.length
  if (marks.length === 0) return { up: splitStatements(text, dialect), down: null, inTransaction }
  const part = (from: number, to: number | undefined) => splitStatements(lines.slice(from, to).join('\n'), dialect, from + 1)
  const before = part(0, marks[0]?.index)
  const sections = new Map<string, readonly SqlStatement[]>()
  if (marks.length === 1 && marks[0]?.word === 'down') sections.set('up', before)
  else if (before[0] !== undefined) throw new MigrationError('a statement stands before "-- up".', { file, line: before[0].line })
  for (const [at, { word, index }] of marks.entries()) {
    if (sections.has(word)) throw new MigrationError(`"-- ${word}" stands twice.`, { file, line: index + 1 })
    sections.set(word, part(index + 1, marks[at + 1]?.index))
  }
  return { up: sections.get('up') ?? [], down: sections.get('down') ?? null, inTransaction }
}

interface Mark {
  readonly word: string
  readonly index: number
}

/** The lines that mean something here. One that stands in a text, a comment or a routine is a part of that. */
function marksOf(lines: readonly string[], dialect: DialectName): readonly Mark[] {
  const marks: Mark[] = []
  let start = 0
  for (const [index, line] of lines.entries()) {
    const word = sectionMark.exec(line)?.[1]?.toLowerCase()
    if (word === undefined || !canEnd(lines.slice(start, index).join('\n'), dialect)) continue
    marks.push({ word, index })
    if (word !== 'no transaction') start = index + 1
  }
  return marks
}

/** A semicolon would end the last statement, and what follows would be another one. */
function canEnd(sql: string, dialect: DialectName): boolean {
  return scanStatement(`${sql}\n;select 1`, dialect).statements > scanStatement(sql, dialect).statements
}
