import type { StatementEffects, TransactionEffect } from './scanned-statement.ts'
import type { StatementFacts } from './statement-reader.ts'

const READING: ReadonlySet<string> = new Set(['select', 'values', 'table', 'show', 'explain', 'with'])
const SCHEMA: ReadonlySet<string> = new Set(['create', 'drop', 'alter'])
/** Verbs of rows and of the schema, which leave nothing on the connection by themselves. */
const STATELESS: ReadonlySet<string> = new Set([
  ...['insert', 'update', 'delete', 'merge', 'truncate', 'copy', 'lock', 'notify'],
  ...['create', 'drop', 'alter', 'comment', 'grant', 'revoke', 'security', 'reassign', 'import'],
  ...['vacuum', 'analyze', 'analyse', 'refresh', 'reindex', 'cluster'],
])
/** Verbs that run what another text says. */
const RUNNING: ReadonlySet<string> = new Set(['call', 'do', 'execute'])
/** What EXPLAIN ANALYZE really does. */
const EXPLAINED: readonly string[] = ['insert', 'update', 'delete', 'merge', 'create', 'refresh', 'execute']
const LARGE_OBJECT = 'lo_(?:open|close|creat|create|from_bytea|put|import|export|unlink|truncate|truncate64|lseek|lseek64)'
/** Functions that leave something on the session: settings, locks, connections to elsewhere, the state of random(), open large objects. */
const OF_SESSION = new RegExp(`^(?:set_config|setseed|dblink.*|pg_(?:try_)?advisory_(?!xact_).*|${LARGE_OBJECT})$`)
const WRITING_FUNCTION = new RegExp(`^(?:nextval|setval|${LARGE_OBJECT})$`)

/** What a statement of PostgreSQL does beside giving rows. */
export function postgresqlEffects(facts: StatementFacts): StatementEffects {
  return { writes: writes(facts), connectionState: leavesState(facts), transaction: transactionEffect(facts) }
}

function writes({ verb, keywords, names, changesInside, locksRows }: StatementFacts): boolean {
  if (STATELESS.has(verb) || RUNNING.has(verb) || changesInside || locksRows) return true
  if (!READING.has(verb)) return false
  if (keywords.has('into') || mentions(names, WRITING_FUNCTION)) return true
  const analyzes = verb === 'explain' && (keywords.has('analyze') || keywords.has('analyse'))
  return analyzes && EXPLAINED.some((word) => keywords.has(word))
}

function leavesState({ verb, keywords, names }: StatementFacts): boolean {
  if (!READING.has(verb) && !STATELESS.has(verb)) return true
  if (mentions(names, OF_SESSION)) return true
  const makes = SCHEMA.has(verb) || keywords.has('into') || keywords.has('create')
  return makes && (keywords.has('temp') || keywords.has('temporary') || mentions(names, /^pg_temp/))
}

function mentions(names: ReadonlySet<string>, pattern: RegExp): boolean {
  for (const name of names) if (pattern.test(name)) return true
  return false
}

/** COMMIT PREPARED and ROLLBACK PREPARED are about another transaction than the connection's own. */
function transactionEffect({ verb, head }: StatementFacts): TransactionEffect {
  switch (verb) {
    case 'begin':
      return 'begin'
    case 'start':
      return head[1] === 'transaction' ? 'begin' : 'none'
    case 'end':
    case 'abort':
      return 'end'
    case 'commit':
      return head[1] === 'prepared' ? 'none' : 'end'
    case 'rollback':
      if (head[1] === 'prepared') return 'none'
      return head[1] === 'to' || head[2] === 'to' ? 'savepoint' : 'end'
    case 'prepare':
      return head[1] === 'transaction' ? 'end' : 'none'
    case 'savepoint':
    case 'release':
      return 'savepoint'
    default:
      return 'none'
  }
}
