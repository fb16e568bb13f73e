import type { PlaceholderStyle, ScannedStatement, TransactionEffect } from './scanned-statement.ts'

/** `scanStatement` in SQLite's lexical rules: https://www.sqlite.org/lang_expr.html#varparam, tokenize.c. */
export function scanSqlite(sql: string): ScannedStatement {
  return new Scanner(sql).scan()
}

// What a character begins. Everything beyond ASCII belongs to words, as in SQLite; 0 is a symbol.
const SPACE = 1
const WORD = 2
const DIGIT = 3
const QUOTE = 4
const BRACKET = 5
const DASH = 6
const SLASH = 7
const QUESTION = 8
const COLON = 9
const NAME_MARK = 10
const OPEN = 11
const CLOSE = 12
const SEMICOLON = 13
const BYTE_ORDER_MARK = 0xfeff

const CLASSES = classTable()
/** What goes on with a word once it has begun; `$` does in SQLite. */
const WORD_PARTS = CLASSES.map((kind, code) => (kind === WORD || kind === DIGIT || code === 0x24 ? 1 : 0))

// The states of sqlite3_complete(): semicolons inside CREATE TRIGGER end nothing until one is followed by END.
const NOTHING = 0
const NORMAL = 1
const EXPLAIN = 2
const CREATE = 3
const TRIGGER = 4
const TRIGGER_SEMICOLON = 5
const TRIGGER_END = 6

const WITH_VERBS: ReadonlySet<string> = new Set(['select', 'values', 'insert', 'replace', 'update', 'delete'])
const STATELESS_VERBS: ReadonlySet<string> = new Set([...WITH_VERBS, 'explain', 'reindex', 'analyze'])
const SCHEMA_VERBS: ReadonlySet<string> = new Set(['create', 'drop', 'alter'])
const WRITING_VERBS: ReadonlySet<string> = new Set([
  ...['insert', 'replace', 'update', 'delete'],
  ...['create', 'drop', 'alter', 'reindex', 'analyze', 'vacuum'],
])

class Scanner {
  readonly #sql: string
  #statements = 0
  #state = NOTHING
  #verb = ''
  #hasVerb = false
  #depth = 0
  #afterClose = false
  #mentionsTemp = false
  #anonymous = 0
  /** `?1` */
  #indexes: Set<string> | undefined
  /** `$1`: to SQLite a name like any other, which says nothing of its place. */
  #numbers: Set<string> | undefined
  #names: Set<string> | undefined

  constructor(sql: string) {
    this.#sql = sql
  }

  scan(): ScannedStatement {
    const sql = this.#sql
    const length = sql.length
    let position = 0
    while (position < length) {
      const code = sql.charCodeAt(position)
      const kind = code < 128 ? (CLASSES[code] as number) : WORD
      if (kind === SPACE) position += 1
      else if (kind === WORD) position = code === BYTE_ORDER_MARK ? position + 1 : this.#word(position)
      else position = this.#token(kind, position)
    }
    return this.#result()
  }

  /** Reads what begins at `start` and is neither a word nor a blank; returns where it ends. */
  #token(kind: number, start: number): number {
    const sql = this.#sql
    switch (kind) {
      case DASH:
        return sql.charCodeAt(start + 1) === 0x2d ? this.#endOf('\n', start + 2) : this.#symbol(start + 1)
      case SLASH:
        return sql.charCodeAt(start + 1) === 0x2a ? this.#endOf('*/', start + 2) : this.#symbol(start + 1)
      case SEMICOLON:
        return this.#semicolon(start + 1)
      case DIGIT:
        return this.#symbol(this.#wordEnd(start + 1))
      case QUOTE:
        return this.#quoted(start)
      case BRACKET:
        return this.#quotedText(start + 1, sql.indexOf(']', start + 1))
      case QUESTION:
        return this.#question(start + 1)
      case COLON: {
        // `::` is PostgreSQL's cast and `:=` an assignment.
        const next = sql.charCodeAt(start + 1)
        return next === 0x3a || next === 0x3d ? this.#symbol(start + 2) : this.#name(start + 1)
      }
      case NAME_MARK:
        return this.#name(start + 1)
      case OPEN:
        this.#depth += 1
        return this.#symbol(start + 1)
      case CLOSE:
        this.#depth -= 1
        this.#symbol(start + 1)
        this.#afterClose = true
        return start + 1
      default:
        return this.#symbol(start + 1)
    }
  }

  #word(start: number): number {
    const end = this.#wordEnd(start + 1)
    const afterClose = this.#afterClose
    this.#afterClose = false
    const length = end - start
    // Most words of a statement mean nothing here; only these are worth a string of their own.
    if (this.#state === NORMAL && this.#hasVerb && length !== 4 && length !== 9) return end
    const isFirst = this.#state === NOTHING
    const word = this.#sql.slice(start, end).toLowerCase()
    this.#advance(word)
    if (word === 'temp' || word === 'temporary') this.#mentionsTemp = true
    if (isFirst && this.#statements === 1) {
      this.#verb = word
      this.#hasVerb = word !== 'with'
    } else if (!this.#hasVerb && afterClose && this.#depth === 0 && WITH_VERBS.has(word)) {
      // The statement proper follows the closing parenthesis of the last common table: `with replace as (…)` names a table.
      this.#verb = word
      this.#hasVerb = true
    }
    return end
  }

  #wordEnd(from: number): number {
    const sql = this.#sql
    let end = from
    while (end < sql.length) {
      const code = sql.charCodeAt(end)
      if (code < 128 && WORD_PARTS[code] === 0) break
      end += 1
    }
    return end
  }

  #quoted(start: number): number {
    const sql = this.#sql
    const mark = sql.charCodeAt(start)
    const quote = sql.charAt(start)
    let end = sql.indexOf(quote, start + 1)
    while (end !== -1 && sql.charCodeAt(end + 1) === mark) end = sql.indexOf(quote, end + 2)
    return this.#quotedText(start + 1, end)
  }

  /** @param close where the closing mark is, or -1 */
  #quotedText(start: number, close: number): number {
    const end = close === -1 ? this.#sql.length : close
    // SQLite takes any quoted text for a schema's name: create table "temp".x, or even 'temp'.x
    const length = end - start
    if (length === 4 || length === 9) {
      const text = this.#sql.slice(start, end).toLowerCase()
      if (text === 'temp' || text === 'temporary') this.#mentionsTemp = true
    }
    return this.#symbol(end + 1)
  }

  #question(start: number): number {
    let end = start
    while (CLASSES[this.#sql.charCodeAt(end)] === DIGIT) end += 1
    if (end === start) this.#anonymous += 1
    else this.#indexes = (this.#indexes ?? new Set()).add(this.#sql.slice(start, end))
    return this.#symbol(end)
  }

  #name(start: number): number {
    const end = this.#wordEnd(start)
    if (end > start) {
      const name = this.#sql.slice(start, end)
      if (isNumber(name)) this.#numbers = (this.#numbers ?? new Set()).add(name)
      else this.#names = (this.#names ?? new Set()).add(name)
    }
    return this.#symbol(end)
  }

  /** Counts any token that is no word. */
  #symbol(end: number): number {
    if (this.#state !== NORMAL) this.#advance('')
    this.#afterClose = false
    return end
  }

  #endOf(mark: string, from: number): number {
    const end = this.#sql.indexOf(mark, from)
    return end === -1 ? this.#sql.length : end + mark.length
  }

  #semicolon(end: number): number {
    this.#afterClose = false
    if (this.#state === TRIGGER || this.#state === TRIGGER_SEMICOLON) {
      this.#state = TRIGGER_SEMICOLON
      return end
    }
    this.#state = NOTHING
    this.#depth = 0
    if (this.#statements > 0) this.#hasVerb = true
    return end
  }

  #advance(word: string): void {
    switch (this.#state) {
      case NOTHING:
        this.#statements += 1
        this.#state = word === 'explain' ? EXPLAIN : word === 'create' ? CREATE : NORMAL
        break
      case EXPLAIN:
        if (word === 'create') this.#state = CREATE
        break
      case CREATE:
        if (word === 'trigger') this.#state = TRIGGER
        else if (word !== 'temp' && word !== 'temporary') this.#state = NORMAL
        break
      case TRIGGER_SEMICOLON:
        this.#state = word === 'end' ? TRIGGER_END : TRIGGER
        break
      case TRIGGER_END:
        this.#state = TRIGGER
        break
      default:
    }
  }

  #result(): ScannedStatement {
    const style = this.#style()
    const names = [...new Set([...(this.#indexes ?? []), ...(this.#numbers ?? []), ...(this.#names ?? [])])]
    if (style === 'numbered') names.sort((a, b) => Number(a) - Number(b))
    return Object.freeze<ScannedStatement>({
      verb: this.#verb,
      statements: this.#statements,
      style,
      names: Object.freeze(names),
      count: this.#anonymous + names.length,
      // SQLite knows every kind of placeholder by itself.
      text: this.#sql,
      boundNames: style === 'numbered' || style === 'named' ? names : null,
      valueOrder: null,
      writes: this.#statements > 1 || WRITING_VERBS.has(this.#verb),
      connectionState: this.#connectionState(),
      transaction: this.#transaction(),
    })
  }

  #style(): PlaceholderStyle {
    const styles: PlaceholderStyle[] = []
    if (this.#anonymous > 0) styles.push('anonymous')
    if (this.#indexes !== undefined) styles.push('numbered')
    if (this.#numbers !== undefined) styles.push('numbered')
    if (this.#names !== undefined) styles.push('named')
    return styles.length > 1 ? 'mixed' : (styles[0] ?? 'none')
  }

  #connectionState(): boolean {
    if (this.#statements === 0) return false
    if (this.#statements > 1) return true
    if (STATELESS_VERBS.has(this.#verb)) return false
    return !SCHEMA_VERBS.has(this.#verb) || this.#mentionsTemp
  }

  #transaction(): TransactionEffect {
    switch (this.#verb) {
      case 'begin':
        return 'begin'
      case 'commit':
      case 'end':
        return 'end'
      case 'rollback':
        return /\bto\b/i.test(this.#sql) ? 'savepoint' : 'end'
      case 'savepoint':
      case 'release':
        return 'savepoint'
      default:
        return 'none'
    }
  }
}

function isNumber(name: string): boolean {
  for (let index = 0; index < name.length; index += 1) {
    const code = name.charCodeAt(index)
    if (code < 0x30 || code > 0x39) return false
  }
  return true
}

function classTable(): Uint8Array {
  const table = new Uint8Array(128)
  const set = (characters: string, kind: number) => {
    for (const character of characters) table[character.charCodeAt(0)] = kind
  }
  set(' \t\n\v\f\r', SPACE)
  set('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_', WORD)
  set('0123456789', DIGIT)
  set('\'"`', QUOTE)
  set('[', BRACKET)
  set('-', DASH)
  set('/', SLASH)
  set('?', QUESTION)
  set(':', COLON)
  set('@$#', NAME_MARK)
  set('(', OPEN)
  set(')', CLOSE)
  set(';', SEMICOLON)
  return table
}
