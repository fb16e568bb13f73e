import { StatementTrait } from '../protocol/frames.ts'
import type { ScannedStatement } from '../sql/scan-statement.ts'
import type { AccessMode } from './access-gate.ts'

const changingVerbs: ReadonlySet<string> = new Set(['insert', 'replace', 'update', 'delete', 'merge'])
const readingVerbs: ReadonlySet<string> = new Set(['select', 'values', 'table', 'explain', 'show', 'desc', 'describe'])

/**
 * What a statement needs of the database file outside a transaction. It is a place in the queue of writers and no more: should a statement
 * that looks like a reader write, SQLite's own lock and its busy timeout decide, as between processes.
 */
export function accessOf({ verb, writes, transaction }: ScannedStatement, memory: boolean): AccessMode | 'none' {
  if (writes) return 'exclusive'
  if (!memory) return transaction === 'begin' ? 'exclusive' : 'none'
  return readingVerbs.has(verb) ? 'shared' : 'exclusive'
}

/** A statement that may be tried on a read-only connection; there the database itself says whether it reads. */
export function mayRead({ verb, writes }: ScannedStatement): boolean {
  return !writes && readingVerbs.has(verb)
}

/** A statement that begins, ends or nests a transaction. */
export function controlsTransaction({ transaction }: ScannedStatement): boolean {
  return transaction !== 'none'
}

/** A statement that begins or ends a whole transaction: not ROLLBACK TO, which with SAVEPOINT and RELEASE stays inside one. */
export function endsTransaction({ transaction }: ScannedStatement): boolean {
  return transaction === 'begin' || transaction === 'end'
}

/** What a worker is told of a statement's text. */
export function statementTraits({ verb, connectionState }: ScannedStatement): number {
  const insert = verb === 'insert' || verb === 'replace' ? StatementTrait.insert : 0
  const changes = changingVerbs.has(verb) ? StatementTrait.changesRows : 0
  return insert | changes | (connectionState ? StatementTrait.connectionState : 0)
}
