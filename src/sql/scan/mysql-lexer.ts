import { endOf, escapedQuotedEnd, isDigit, isLetter, isSpace, nameEnd, quotedEnd, wordEnd } from './characters.ts'
import { MysqlBody } from './mysql-body.ts'
import { mysqlEffects } from './mysql-effects.ts'
import type { ScannedStatement } from './scanned-statement.ts'
import { type StatementGrammar, StatementReader } from './statement-reader.ts'

/**
 * `scanStatement` in the lexical rules of MySQL and MariaDB, without ANSI_QUOTES and NO_BACKSLASH_ESCAPES in the sql_mode. What a comment
 * hides from some versions is read as code.
 * https://dev.mysql.com/doc/refman/8.4/en/language-structure.html, sql/sql_lex.cc
 */
export function scanMysql(sql: string): ScannedStatement {
  const reader = new StatementReader(GRAMMAR)
  new MysqlLexer(sql, reader).read()
  return reader.result(sql)
}

const GRAMMAR: StatementGrammar = {
  properVerbs: new Set(['select', 'values', 'table', 'insert', 'replace', 'update', 'delete']),
  semicolonsInParentheses: false,
  placeholder: () => '?',
  sharedPlaceholders: false,
  definesParameters: () => false,
  startBody: () => new MysqlBody(),
  effectsOf: mysqlEffects,
}

/** The start of a comment that is code: a version may stand behind it. */
const CODE_IN_COMMENT = /\/\*M?!(?:\d{5,6})?/y

class MysqlLexer {
  readonly #sql: string
  readonly #reader: StatementReader
  /** Inside a comment that is code. */
  #inComment = false

  constructor(sql: string, reader: StatementReader) {
    this.#sql = sql
    this.#reader = reader
  }

  read(): void {
    const sql = this.#sql
    let position = 0
    while (position < sql.length) {
      const code = sql.charCodeAt(position)
      if (isSpace(code)) position += 1
      else if (isLetter(code) || code === 0x24) position = this.#word(position)
      else position = this.#token(code, position)
    }
  }

  #word(start: number): number {
    const end = wordEnd(this.#sql, start + 1)
    const text = this.#sql.slice(start, end)
    // To MySQL it is a name; whoever writes it means PostgreSQL's placeholder, and is told so.
    if (/^\$\d+$/.test(text)) this.#reader.number(text.slice(1))
    else this.#reader.word(text)
    return end
  }

  /** Reads what begins at `start` and is neither a word nor a blank; returns where it ends. */
  #token(code: number, start: number): number {
    const sql = this.#sql
    const reader = this.#reader
    switch (code) {
      case 0x27: // '
      case 0x22: // "
        reader.literal()
        return escapedQuotedEnd(sql, start)
      case 0x60: {
        // `
        const end = quotedEnd(sql, start)
        // A function's name is the same in capitals.
        reader.quotedName(sql.slice(start + 1, end - 1).toLowerCase())
        return end
      }
      case 0x23: // #
        return endOf(sql, '\n', start + 1)
      case 0x2d: // -
        return this.#isDashComment(start) ? endOf(sql, '\n', start + 2) : this.#symbol(start)
      case 0x2f: // /
        return sql.charCodeAt(start + 1) === 0x2a ? this.#comment(start) : this.#symbol(start)
      case 0x2a: // *
        if (!this.#inComment || sql.charCodeAt(start + 1) !== 0x2f) return this.#symbol(start)
        this.#inComment = false
        return start + 2
      case 0x40: // @
        return this.#variable(start)
      case 0x3a: // :
        return this.#colon(start)
      case 0x3f: // ?
        reader.anonymous()
        return start + 1
      default:
        return this.#mark(code, start)
    }
  }

  #mark(code: number, start: number): number {
    if (isDigit(code)) {
      this.#reader.literal()
      return wordEnd(this.#sql, start + 1)
    }
    if (code === 0x3b) this.#reader.semicolon()
    else if (code === 0x28) this.#reader.open()
    else if (code === 0x29) this.#reader.close()
    else return this.#symbol(start)
    return start + 1
  }

  #symbol(at: number): number {
    this.#reader.symbol(this.#sql.charAt(at))
    return at + 1
  }

  /** `--` begins a comment only before a blank, a control character or the end: `5--1` is 6. */
  #isDashComment(start: number): boolean {
    if (this.#sql.charCodeAt(start + 1) !== 0x2d) return false
    const next = this.#sql.charCodeAt(start + 2)
    return Number.isNaN(next) || next <= 0x20 || next === 0x7f
  }

  #comment(start: number): number {
    CODE_IN_COMMENT.lastIndex = start
    if (!CODE_IN_COMMENT.test(this.#sql)) return endOf(this.#sql, '*/', start + 2)
    this.#inComment = true
    return CODE_IN_COMMENT.lastIndex
  }

  /** `@name`, `@@global.name`, the host of `user@host`; a quoted name is read as the next token. */
  #variable(start: number): number {
    const sql = this.#sql
    let end = start + 1
    if (sql.charCodeAt(end) === 0x40) end += 1
    end = wordEnd(sql, end)
    while (sql.charCodeAt(end) === 0x2e) end = wordEnd(sql, end + 1)
    this.#reader.variable()
    return end
  }

  #colon(start: number): number {
    const sql = this.#sql
    if (sql.charCodeAt(start + 1) === 0x3d) {
      this.#reader.symbol(':=')
      return start + 2
    }
    const end = nameEnd(sql, start)
    if (end === -1) return this.#symbol(start)
    this.#reader.name(sql, start, end)
    return end
  }
}
