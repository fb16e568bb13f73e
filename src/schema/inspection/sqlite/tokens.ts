import { digitsEnd, isDigit, isSpace, isWordPart, quotedEnd, wordEnd } from '../../../sql/scan/characters.ts'

/**
 * One token of SQLite's language: https://www.sqlite.org/lang_keywords.html, tokenize.c. A word may be a keyword or a name; what is quoted by
 * `"`, a backtick or brackets is a name; `'…'` is a text, which SQLite takes for a name where only a name can stand.
 */
export interface Token {
  readonly kind: 'word' | 'name' | 'text' | 'literal' | 'symbol'
  readonly start: number
  readonly end: number
  /** A word or a symbol as it is written, a name or a text without its quotes. */
  readonly value: string
}

const BYTE_ORDER_MARK = 0xfeff

/** The tokens of a text without its blanks and comments, or the position of something that is none. */
export function tokenize(sql: string): readonly Token[] | number {
  const tokens: Token[] = []
  let at = 0
  while (at < sql.length) {
    const blank = blankEnd(sql, at)
    if (blank > at) {
      at = blank
      continue
    }
    const token = tokenAt(sql, at)
    if (token === undefined) return at
    tokens.push(token)
    at = token.end
  }
  return tokens
}

function blankEnd(sql: string, at: number): number {
  const code = sql.charCodeAt(at)
  if (isSpace(code) || code === BYTE_ORDER_MARK) return at + 1
  if (sql.startsWith('--', at)) return endOrAll(sql, '\n', at + 2)
  // As in SQLite, a comment that is not closed ends with the text, and `/*` at the very end is no comment.
  if (sql.startsWith('/*', at) && at + 2 < sql.length) return endOrAll(sql, '*/', at + 2)
  return at
}

function endOrAll(sql: string, mark: string, from: number): number {
  const end = sql.indexOf(mark, from)
  return end === -1 ? sql.length : end + mark.length
}

function tokenAt(sql: string, start: number): Token | undefined {
  const code = sql.charCodeAt(start)
  const mark = sql.charAt(start)
  if (mark === "'") return quoted(sql, start, 'text')
  if (mark === '"' || mark === '`') return quoted(sql, start, 'name')
  if (mark === '[') return bracketed(sql, start)
  if ((mark === 'x' || mark === 'X') && sql.charAt(start + 1) === "'") return blob(sql, start)
  if (isDigit(code) || (mark === '.' && isDigit(sql.charCodeAt(start + 1)))) return number(sql, start)
  if (isWordPart(code) && mark !== '$') return plain(sql, start, 'word', wordEnd(sql, start))
  return SYMBOLS.includes(mark) ? plain(sql, start, 'symbol', start + 1) : undefined
}

/** What no schema can hold is missing: parameters, and characters that begin nothing. */
const SYMBOLS = '(),.;+-*/%=<>!|&~'

function plain(sql: string, start: number, kind: Token['kind'], end: number): Token {
  return { kind, start, end, value: sql.slice(start, end) }
}

function quoted(sql: string, start: number, kind: 'name' | 'text'): Token | undefined {
  const end = quotedEnd(sql, start)
  const mark = sql.charAt(start)
  const inner = sql.slice(start + 1, end - 1)
  // `quotedEnd` gives the end of the text where the quote is not closed: what is inside then ends in the middle of a pair, or of nothing.
  if (end - start < 2 || sql.charAt(end - 1) !== mark || inner.replaceAll(mark + mark, '').includes(mark)) return undefined
  return { kind, start, end, value: inner.replaceAll(mark + mark, mark) }
}

function bracketed(sql: string, start: number): Token | undefined {
  const close = sql.indexOf(']', start)
  return close === -1 ? undefined : { kind: 'name', start, end: close + 1, value: sql.slice(start + 1, close) }
}

function blob(sql: string, start: number): Token | undefined {
  const close = sql.indexOf("'", start + 2)
  return close === -1 ? undefined : plain(sql, start, 'literal', close + 1)
}

function number(sql: string, start: number): Token | undefined {
  const end = numberEnd(sql, start)
  // A word cannot follow without a blank.
  return isWordPart(sql.charCodeAt(end)) ? undefined : plain(sql, start, 'literal', end)
}

/** `1`, `1.5e-3`, `.5`, `0x1F`, `1_000`. */
function numberEnd(sql: string, start: number): number {
  const hexadecimal = /^0x[\da-f]+(_[\da-f]+)*/i.exec(sql.slice(start))
  if (hexadecimal !== null) return start + hexadecimal[0].length
  let end = underscoredDigitsEnd(sql, start)
  if (sql.charAt(end) === '.') end = underscoredDigitsEnd(sql, end + 1)
  const exponent = /^e[+-]?(?=\d)/i.exec(sql.slice(end, end + 3))
  return exponent === null ? end : underscoredDigitsEnd(sql, end + exponent[0].length)
}

function underscoredDigitsEnd(sql: string, from: number): number {
  let end = digitsEnd(sql, from)
  while (sql.charAt(end) === '_' && isDigit(sql.charCodeAt(end + 1))) end = digitsEnd(sql, end + 1)
  return end
}
