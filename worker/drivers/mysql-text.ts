/**
 * A piece of a statement by the lexical rules of MySQL: blanks, a comment, a string, a quoted name, a word, any other character. A comment
 * that begins with an exclamation mark may be run by the server, so its words count. https://dev.mysql.com/doc/refman/8.4/en/comments.html
 */
const piece =
  /\s+|--(?=[\s\p{Cc}]|$)[^\n]*|#[^\n]*|\/\*M?!|\/\*.*?(?:\*\/|$)|'(?:[^'\\]+|\\.|'')*'?|"(?:[^"\\]+|\\.|"")*"?|`(?:[^`]+|``)*`?|[\p{L}_$][\p{L}\p{N}_$]*|./suy

const READING: ReadonlySet<string> = new Set(['select', 'values', 'table', 'show', 'describe', 'desc', 'explain'])
const WRITING: ReadonlySet<string> = new Set(['insert', 'replace', 'update', 'delete'])
/** Sent to be prepared: their values travel in binary form, which loses nothing. All else goes as text, in one message, if it has no parameters. */
const PREPARED: ReadonlySet<string> = new Set(['select', 'values', 'table', 'with', 'call', ...WRITING])
/** What gives rows of which the server may say nothing before it has run. */
const GIVING_ROWS: ReadonlySet<string> = new Set([
  ...['show', 'describe', 'desc', 'explain', 'call', 'execute', 'help', 'handler', 'checksum', 'cache'],
  ...['analyze', 'check', 'optimize', 'repair'],
])

/** What the words of one statement tell. */
export class MysqlText {
  /** Its first word, in lower case; for WITH the first word of the statement behind it. */
  readonly verb: string
  /** As far as its words tell, it changes nothing and holds no lock; what the functions do that it calls, they do not tell. */
  readonly readonly: boolean
  /** True where it is to be prepared, as its values or its parameters want it. */
  readonly isPrepared: boolean
  readonly mayGiveRows: boolean
  /** The word is a reserved one in MariaDB; in MySQL it is a name like any other. */
  readonly hasReturning: boolean
  /** Neither it nor what it calls ends or begins a transaction. */
  readonly keepsTransaction: boolean

  constructor(sql: string) {
    let first = ''
    let verb = ''
    let before = ''
    let depth = 0
    let asksValues = false
    let onlyReads = true
    let hasReturning = false
    let hasConditions = false
    const mayHaveReturning = /\breturning\b/i.test(sql)
    for (const text of piecesOf(sql)) {
      if (text === '(') depth++
      else if (text === ')') depth--
      else if (text === '?') asksValues = true
      else if (isConditional(text)) hasConditions = true
      if (!isWord(text)) continue
      const word = text.toLowerCase()
      if (first === '') first = word
      if (verb === '' && (first !== 'with' || (depth === 0 && (READING.has(word) || WRITING.has(word))))) verb = word
      if (word === 'returning') hasReturning = true
      // The rest may be long, and tells nothing more.
      if (WRITING.has(first) && !mayHaveReturning) break
      if (doesMoreThanRead(word, before) || (word === 'analyze' && verb !== 'select')) onlyReads = false
      before = word
    }
    this.verb = verb
    this.readonly = READING.has(verb) && onlyReads && !hasConditions
    this.isPrepared = asksValues || PREPARED.has(first)
    this.hasReturning = hasReturning && WRITING.has(verb)
    this.mayGiveRows = GIVING_ROWS.has(verb) || (verb === 'xa' && before === 'recover')
    this.keepsTransaction = (READING.has(verb) || WRITING.has(verb)) && !hasConditions
  }

  /** A query, whatever it locks: stopping it undoes nothing. */
  get reads(): boolean {
    return READING.has(this.verb)
  }

  /** An INSERT: its auto-increment value is the connection's last row id. */
  get inserts(): boolean {
    return this.verb === 'insert' || this.verb === 'replace'
  }

  /** False where the server's count would be that of something else than rows inserted, updated or deleted. */
  get countsChanges(): boolean {
    return WRITING.has(this.verb) || this.verb === 'load'
  }
}

/** The text without the blanks, comments and semicolons behind its last statement: for the server they would be one more, which is empty. */
export function withoutTail(sql: string): string {
  let end = 0
  let at = 0
  for (const text of piecesOf(sql)) {
    at += text.length
    if (!isBlank(text) && text !== ';') end = at
  }
  return sql.slice(0, end)
}

function* piecesOf(sql: string): Generator<string> {
  const pieces = new RegExp(piece)
  for (let match = pieces.exec(sql); match !== null; match = pieces.exec(sql)) yield match[0]
}

function isBlank(text: string): boolean {
  return /^(?:\s|--|#|\/\*(?!M?!))/.test(text)
}

/** The beginning of a comment that some versions of the server run. */
function isConditional(text: string): boolean {
  return text === '/*!' || text === '/*M!'
}

function isWord(text: string): boolean {
  return /^[\p{L}_$]/u.test(text)
}

/** SELECT … INTO, FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE, and what counts a sequence up. */
function doesMoreThanRead(word: string, before: string): boolean {
  switch (word) {
    case 'into':
    case 'nextval':
    case 'setval':
      return true
    case 'update':
      return before === 'for'
    case 'share':
      return before === 'for' || before === 'in'
    case 'for':
      return before === 'value'
    default:
      return false
  }
}
