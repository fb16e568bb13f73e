/** Words with which a statement begins that only reads, unless more of them say otherwise. */
const READING: ReadonlySet<string> = new Set(['select', 'values', 'table', 'with', 'show', 'explain'])
/** Statements that are planned, and that programs run over and over: the server keeps them under a name. */
const PLANNED: ReadonlySet<string> = new Set(['select', 'values', 'table', 'with', 'insert', 'update', 'delete', 'merge'])
/** Statements that yield no rows, so that there is nothing to ask the server about them before they run. */
const ROWLESS: ReadonlySet<string> = new Set([
  ...['begin', 'start', 'commit', 'end', 'rollback', 'abort', 'savepoint', 'release', 'prepare'],
  ...['set', 'reset', 'discard', 'deallocate', 'listen', 'unlisten', 'notify', 'lock', 'declare', 'close', 'move'],
  ...['create', 'drop', 'alter', 'comment', 'grant', 'revoke', 'security', 'reassign', 'import', 'truncate', 'refresh'],
  ...['vacuum', 'analyze', 'analyse', 'reindex', 'cluster', 'checkpoint', 'do', 'load'],
])
const WRITING: ReadonlySet<string> = new Set(['insert', 'update', 'delete', 'merge'])
/** What follows FOR in a query that locks its rows. */
const LOCKING: ReadonlySet<string> = new Set(['update', 'no', 'share', 'key'])

/** What the words of a statement tell about it. */
export interface StatementFacts {
  /** Its first word in lower case; '' where there is none. */
  readonly verb: string
  /** It is a query that neither writes nor locks rows, as far as its words tell: what its functions do is not among them. */
  readonly reads: boolean
  readonly planned: boolean
  readonly rowless: boolean
  /** Of a COPY, from where to where it moves data; else null. */
  readonly copy: CopyKind | null
}

/** From the client in the plain form, or in one that options say, or to the client; else from or to a file or a program of the server. */
export type CopyKind = 'in' | 'inWithOptions' | 'out' | 'onServer'

export function readStatement(sql: string): StatementFacts {
  const verb: string = wordsOf(sql).next().value ?? ''
  const copy = verb === 'copy' ? readCopy(sql) : null
  return {
    verb,
    reads: (READING.has(verb) || copy === 'out') && onlyReads(sql),
    planned: PLANNED.has(verb),
    rowless: ROWLESS.has(verb) || (copy !== null && copy !== 'out'),
    copy,
  }
}

/**
 * A reserved word tells where the data goes: FROM or TO, outside of the parentheses around columns or a query. STDIN and STDOUT mean the same.
 * https://www.postgresql.org/docs/current/sql-copy.html
 */
function readCopy(sql: string): CopyKind {
  const words = [...outerWordsOf(sql)]
  const at = words.findIndex((word) => word === 'from' || word === 'to')
  const [direction, place, tail] = words.slice(at)
  if (at === -1 || (place !== 'stdin' && place !== 'stdout')) return 'onServer'
  if (direction === 'to') return 'out'
  return words[1] !== 'binary' && (tail === undefined || tail === 'where') ? 'in' : 'inWithOptions'
}

/** The words that stand in no parentheses, and a `(` in the place of each pair of them. */
function* outerWordsOf(sql: string): Generator<string, undefined> {
  let depth = 0
  for (const word of wordsOf(sql, '()')) {
    if (word === ')') depth--
    else if (depth === 0) yield word
    if (word === '(') depth++
  }
  return undefined
}

function onlyReads(sql: string): boolean {
  const words = [...wordsOf(sql)]
  if (words.some((word, index) => word === 'for' && LOCKING.has(words[index + 1] ?? ''))) return false
  switch (words[0]) {
    case 'explain':
      return !words.some((word) => word === 'analyze' || word === 'analyse')
    case 'with':
    case 'copy':
      return !words.some((word) => WRITING.has(word))
    default:
      return true
  }
}

const word = /[a-z_\u0080-\uffff][\w$\u0080-\uffff]*/iy
const dollarQuote = /\$(?:[a-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/iy

/** The words of a text in lower case, without those in literals, comments and quoted names; each of the `marks` is a word as well. */
function* wordsOf(sql: string, marks = ''): Generator<string, undefined> {
  let at = 0
  while (at < sql.length) {
    const found = matchAt(word, sql, at)
    if (found === undefined) {
      const mark = sql.charAt(at)
      if (marks.includes(mark)) yield mark
      at = behind(sql, at)
      continue
    }
    at += found.length
    if ((found === 'e' || found === 'E') && sql[at] === "'") at = behindEscapedLiteral(sql, at)
    else yield found.toLowerCase()
  }
  return undefined
}

/** Where the literal, quoted name or comment that begins here ends; of any other character the next one. */
function behind(sql: string, at: number): number {
  const character = sql[at]
  switch (character) {
    case "'":
    case '"':
      // A doubled quote begins a second literal, which is skipped like the first.
      return after(sql, character, at + 1)
    case '-':
      return sql[at + 1] === '-' ? after(sql, '\n', at + 2) : at + 1
    case '/':
      return sql[at + 1] === '*' ? behindComment(sql, at + 2) : at + 1
    case '$': {
      const quote = matchAt(dollarQuote, sql, at)
      return quote === undefined ? at + 1 : after(sql, quote, at + quote.length)
    }
    default:
      return at + 1
  }
}

/** Comments hold comments, as in the SQL standard. */
function behindComment(sql: string, from: number): number {
  let at = from
  for (let depth = 1; depth > 0 && at < sql.length; ) {
    const pair = sql.slice(at, at + 2)
    if (pair === '/*') depth++
    else if (pair === '*/') depth--
    at += pair === '/*' || pair === '*/' ? 2 : 1
  }
  return at
}

/** `E'it\'s'`, from its first quote on. */
function behindEscapedLiteral(sql: string, from: number): number {
  for (let at = from + 1; at < sql.length; at++) {
    if (sql[at] === '\\') at++
    else if (sql[at] === "'") {
      if (sql[at + 1] !== "'") return at + 1
      at++
    }
  }
  return sql.length
}

function after(sql: string, text: string, from: number): number {
  const found = sql.indexOf(text, from)
  return found === -1 ? sql.length : found + text.length
}

function matchAt(pattern: RegExp, sql: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(sql)?.[0]
}
