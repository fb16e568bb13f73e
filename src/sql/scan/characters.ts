/** What the lexical rules of the servers' dialects have in common, by UTF-16 unit. Everything beyond ASCII belongs to words. */

export function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** A letter, an underscore, or anything beyond ASCII. */
export function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || code > 0x7f
}

/** What goes on with a word once it has begun. */
export function isWordPart(code: number): boolean {
  return isLetter(code) || isDigit(code) || code === 0x24
}

/** Where a word ends that goes on at `from`. */
export function wordEnd(sql: string, from: number): number {
  let end = from
  while (isWordPart(sql.charCodeAt(end))) end += 1
  return end
}

/** Where a run of digits ends. */
export function digitsEnd(sql: string, from: number): number {
  let end = from
  while (isDigit(sql.charCodeAt(end))) end += 1
  return end
}

/** Behind the next `mark`, or the end of the text. */
export function endOf(sql: string, mark: string, from: number): number {
  const end = sql.indexOf(mark, from)
  return end === -1 ? sql.length : end + mark.length
}

/** Behind the quoted text that begins at `start`, where a doubled quote is one quote. */
export function quotedEnd(sql: string, start: number): number {
  const mark = sql.charAt(start)
  let end = sql.indexOf(mark, start + 1)
  while (end !== -1 && sql.charAt(end + 1) === mark) end = sql.indexOf(mark, end + 2)
  return end === -1 ? sql.length : end + 1
}

/** As `quotedEnd`, where a backslash takes the next character's meaning as well. */
export function escapedQuotedEnd(sql: string, start: number): number {
  const mark = sql.charCodeAt(start)
  for (let at = start + 1; at < sql.length; at += 1) {
    const code = sql.charCodeAt(at)
    if (code === 0x5c) at += 1
    else if (code === mark) {
      if (sql.charCodeAt(at + 1) !== mark) return at + 1
      at += 1
    }
  }
  return sql.length
}

/**
 * Where the `:name` ends whose colon is at `colon`, or -1 when that begins none. A letter must follow it, and directly before it may stand
 * neither a colon, as in `a::text`, nor the end of anything that a bound of a slice or a label could be: a word, a number, a quote, `]` or
 * `)`. So the slice `a[1:n]` and the label `done:loop` have no parameter, `a[:n]` and `a[1: :n]` have one.
 */
export function nameEnd(sql: string, colon: number): number {
  if (!isLetter(sql.charCodeAt(colon + 1))) return -1
  const before = sql.charCodeAt(colon - 1)
  if (isWordPart(before) || CLOSERS.includes(sql.charAt(colon - 1))) return -1
  return wordEnd(sql, colon + 2)
}

const CLOSERS: readonly string[] = [':', ']', ')', "'", '"', '`']
