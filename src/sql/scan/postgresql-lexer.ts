import { digitsEnd, escapedQuotedEnd, isDigit, isLetter, isSpace, nameEnd, quotedEnd, wordEnd } from './characters.ts'
import { createsRoutine, PostgresqlBody } from './postgresql-body.ts'
import { postgresqlEffects } from './postgresql-effects.ts'
import type { ScannedStatement } from './scanned-statement.ts'
import { type StatementGrammar, StatementReader } from './statement-reader.ts'

/**
 * `scanStatement` in PostgreSQL's lexical rules, with standard_conforming_strings on. `?` and `@` are operators there.
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html, src/backend/parser/scan.l
 */
export function scanPostgresql(sql: string): ScannedStatement {
  const reader = new StatementReader(GRAMMAR)
  new PostgresqlLexer(sql, reader).read()
  return reader.result(sql)
}

const GRAMMAR: StatementGrammar = {
  properVerbs: new Set(['select', 'values', 'table', 'insert', 'update', 'delete', 'merge']),
  // CREATE RULE … DO ALSO (insert …; delete …)
  semicolonsInParentheses: true,
  placeholder: (index) => `$${index + 1}`,
  sharedPlaceholders: true,
  definesParameters: ({ verb, head }) => verb === 'prepare' || createsRoutine(head),
  startBody: () => new PostgresqlBody(),
  effectsOf: postgresqlEffects,
}

class PostgresqlLexer {
  readonly #sql: string
  readonly #reader: StatementReader

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
      else if (isLetter(code)) position = this.#word(position)
      else position = this.#token(code, position)
    }
  }

  #word(start: number): number {
    const sql = this.#sql
    const end = wordEnd(sql, start + 1)
    const text = sql.slice(start, end)
    // Only an E of its own: in `name'x'` the word ends before the quote and means nothing to it.
    if ((text === 'e' || text === 'E') && sql.charCodeAt(end) === 0x27) return this.#escapeString(end)
    this.#reader.word(text)
    return end
  }

  /** Reads what begins at `start` and is neither a word nor a blank; returns where it ends. */
  #token(code: number, start: number): number {
    const sql = this.#sql
    const reader = this.#reader
    switch (code) {
      case 0x27: // '
        reader.literal()
        return quotedEnd(sql, start)
      case 0x22: {
        // "
        const end = quotedEnd(sql, start)
        reader.quotedName(sql.slice(start + 1, end - 1))
        return end
      }
      case 0x24: // $
        return this.#dollar(start)
      case 0x2d: // -
        return sql.charCodeAt(start + 1) === 0x2d ? lineEnd(sql, start + 2) : this.#symbol(start)
      case 0x2f: // /
        return sql.charCodeAt(start + 1) === 0x2a ? nestedCommentEnd(sql, start) : this.#symbol(start)
      case 0x3a: // :
        return this.#colon(start)
      case 0x3b: // ;
        reader.semicolon()
        return start + 1
      case 0x28: // (
        reader.open()
        return start + 1
      case 0x29: // )
        reader.close()
        return start + 1
      default:
        if (!isDigit(code)) return this.#symbol(start)
        reader.literal()
        return numberEnd(sql, start)
    }
  }

  #symbol(at: number): number {
    this.#reader.symbol(this.#sql.charAt(at))
    return at + 1
  }

  #colon(start: number): number {
    const sql = this.#sql
    const next = sql.charCodeAt(start + 1)
    // A cast, or the := of a named argument.
    if (next === 0x3a || next === 0x3d) {
      this.#reader.symbol(':')
      return start + 2
    }
    const end = nameEnd(sql, start)
    if (end === -1) return this.#symbol(start)
    this.#reader.name(sql, start, end)
    return end
  }

  /** `$1`, or `$tag$ … $tag$`; inside a word a dollar never comes here. */
  #dollar(start: number): number {
    const sql = this.#sql
    const next = sql.charCodeAt(start + 1)
    if (isDigit(next)) {
      const end = digitsEnd(sql, start + 2)
      this.#reader.number(sql.slice(start + 1, end))
      return end
    }
    let end = start + 1
    while (isLetter(sql.charCodeAt(end)) || (end > start + 1 && isDigit(sql.charCodeAt(end)))) end += 1
    if (sql.charCodeAt(end) !== 0x24) return this.#symbol(start)
    const tag = sql.slice(start, end + 1)
    const close = sql.indexOf(tag, end + 1)
    this.#reader.literal()
    return close === -1 ? sql.length : close + tag.length
  }

  /** Where a string goes on behind a line break, its backslashes go on to escape. */
  #escapeString(start: number): number {
    this.#reader.literal()
    for (let quote = start; ; ) {
      const end = escapedQuotedEnd(this.#sql, quote)
      quote = continuation(this.#sql, end)
      if (quote === -1) return end
    }
  }
}

/** The quote that goes on with a string that ended at `from`: there are blanks, comments and at least one line break between; or -1. */
function continuation(sql: string, from: number): number {
  let broken = false
  let at = from
  while (at < sql.length) {
    const code = sql.charCodeAt(at)
    if (code === 0x27) return broken ? at : -1
    if (isSpace(code)) {
      if (code === 0x0a || code === 0x0d) broken = true
      at += 1
    } else if (code === 0x2d && sql.charCodeAt(at + 1) === 0x2d) {
      at = lineEnd(sql, at + 2)
    } else {
      return -1
    }
  }
  return -1
}

/** Where the line ends that `from` is in; a carriage return ends it too. */
function lineEnd(sql: string, from: number): number {
  let end = from
  while (end < sql.length) {
    const code = sql.charCodeAt(end)
    if (code === 0x0a || code === 0x0d) break
    end += 1
  }
  return end
}

function nestedCommentEnd(sql: string, start: number): number {
  let depth = 0
  let at = start
  while (at < sql.length) {
    const code = sql.charCodeAt(at)
    const next = sql.charCodeAt(at + 1)
    if (code === 0x2f && next === 0x2a) {
      depth += 1
      at += 2
    } else if (code === 0x2a && next === 0x2f) {
      depth -= 1
      at += 2
      if (depth === 0) return at
    } else {
      at += 1
    }
  }
  return at
}

/** Letters belong to it: `0x1F`, `1e5`, and junk that the server refuses. */
function numberEnd(sql: string, start: number): number {
  let end = start + 1
  while (isLetter(sql.charCodeAt(end)) || isDigit(sql.charCodeAt(end))) end += 1
  return end
}
