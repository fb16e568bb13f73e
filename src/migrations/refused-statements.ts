import type { DialectName } from '../sql/dialect.ts'
import { scanStatement } from '../sql/scan-statement.ts'
import { MigrationError } from './migration-error.ts'
import type { SqlStatement } from './split-statements.ts'

/**
 * Refuses, before anything runs, what would undo the promise that a migration is stored as a whole: its own BEGIN, COMMIT and ROLLBACK, and what
 * does not work inside a transaction, or does nothing there. Savepoints are its own business.
 *
 * @throws {MigrationError} with the file and the line
 */
export function refuseInTransaction(statements: readonly SqlStatement[], dialect: DialectName, file: string): void {
  for (const { text, line } of statements) {
    const word = outsideOnly(text, dialect)
    if (word === null) continue
    throw new MigrationError(
      `${word} is not for a migration that runs in a transaction: mark the file with a line "-- no transaction", or leave it out.`,
      { file, line },
    )
  }
}

/**
 * Refuses a file without a transaction that leaves one open: the record would be written inside it and be lost.
 *
 * @throws {MigrationError} with the file and the line
 */
export function refuseOpenEnd(statements: readonly SqlStatement[], dialect: DialectName, file: string): void {
  let begun: number | undefined
  for (const { text, line } of statements) {
    const { transaction } = scanStatement(text, dialect)
    if (transaction === 'begin') begun = line
    else if (transaction === 'end') begun = undefined
  }
  if (begun !== undefined) throw new MigrationError('it begins a transaction that it does not end.', { file, line: begun })
}

const foreignKeysPragma = /^pragma\s+(?:\S+\s*\.\s*)?["'`[]?foreign_keys\b/i

/** What of a statement works outside a transaction only, or null. */
function outsideOnly(text: string, dialect: DialectName): string | null {
  const { verb, transaction } = scanStatement(text, dialect)
  if (transaction === 'begin' || transaction === 'end') return verb.toUpperCase()
  if (verb === 'vacuum' && dialect !== 'mysql') return 'VACUUM'
  if (dialect === 'sqlite' && foreignKeysPragma.test(text)) return 'PRAGMA foreign_keys'
  return null
}
