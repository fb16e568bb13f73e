import type { StatementEffects, TransactionEffect } from './scanned-statement.ts'
import type { StatementFacts } from './statement-reader.ts'

const READING: ReadonlySet<string> = new Set([
  ...['select', 'values', 'table', 'with', 'show', 'explain', 'desc', 'describe', 'check', 'checksum', 'help'],
])
const SCHEMA: ReadonlySet<string> = new Set(['create', 'drop', 'alter', 'rename', 'truncate'])
/** Verbs of rows and of the schema, which leave nothing on the connection by themselves. */
const STATELESS: ReadonlySet<string> = new Set([
  ...['insert', 'replace', 'update', 'delete', 'grant', 'revoke', 'analyze', 'optimize', 'repair'],
  ...SCHEMA,
])
/** Verbs that may change rows and leave something as well: they run other statements, or set variables on their way. */
const RUNNING: ReadonlySet<string> = new Set([
  ...['call', 'do', 'execute', 'load', 'import', 'install', 'uninstall', 'flush'],
  // Compound statements of MariaDB.
  ...['if', 'case', 'while', 'loop', 'repeat', 'for'],
])
/** What EXPLAIN ANALYZE really does. */
const EXPLAINED: readonly string[] = ['insert', 'replace', 'update', 'delete']
const LOCKS: readonly string[] = ['get_lock', 'release_lock', 'release_all_locks']
const SEQUENCES: readonly string[] = ['nextval', 'setval']

/** What a statement of MySQL or MariaDB does beside giving rows. */
export function mysqlEffects(facts: StatementFacts): StatementEffects {
  return { writes: writes(facts), connectionState: leavesState(facts), transaction: transactionEffect(facts) }
}

function writes({ verb, head, keywords, names, changesInside, locksRows }: StatementFacts): boolean {
  if (STATELESS.has(verb) || RUNNING.has(verb) || changesInside || locksRows) return true
  if (verb === 'begin') return head[1] === 'not'
  if (!READING.has(verb)) return false
  // MariaDB also says NEXT VALUE FOR.
  if (keywords.has('into') || SEQUENCES.some((name) => names.has(name)) || (keywords.has('next') && keywords.has('value'))) return true
  return keywords.has('analyze') && EXPLAINED.some((word) => keywords.has(word))
}

function leavesState({ verb, keywords, names }: StatementFacts): boolean {
  if (!READING.has(verb) && !STATELESS.has(verb)) return true
  if (keywords.has(':=') || keywords.has('into @') || LOCKS.some((name) => names.has(name))) return true
  return SCHEMA.has(verb) && keywords.has('temporary')
}

/** Statements that commit on their way, such as DDL, are none of these: see `Dialect.transactionalDdl`. */
function transactionEffect({ verb, head }: StatementFacts): TransactionEffect {
  switch (verb) {
    case 'begin':
      // BEGIN NOT ATOMIC is a block of MariaDB's.
      return head[1] === 'not' ? 'none' : 'begin'
    case 'start':
      return head[1] === 'transaction' ? 'begin' : 'none'
    case 'commit':
      return 'end'
    case 'rollback':
      return head[1] === 'to' || head[2] === 'to' ? 'savepoint' : 'end'
    case 'savepoint':
    case 'release':
      return 'savepoint'
    case 'xa':
      if (head[1] === 'recover') return 'none'
      return head[1] === 'start' || head[1] === 'begin' ? 'begin' : 'end'
    default:
      return 'none'
  }
}
