import type { DialectName } from '../sql/dialect.ts'
import { scanStatement } from '../sql/scan-statement.ts'

/** One statement of a file. */
export interface SqlStatement {
  readonly text: string
  /** Where it begins, counted from 1. */
  readonly line: number
}

/**
 * The statements of a text, each with its line. Where one ends, the dialect's scanner says: a semicolon in a literal, a comment, a trigger or a
 * function ends none.
 *
 * @param firstLine the line of the file that the text begins with
 */
export function splitStatements(sql: string, dialect: DialectName, firstLine = 1): readonly SqlStatement[] {
  const semicolons = Array.from(sql.matchAll(/;/g), ({ index }) => index)
  const statements: SqlStatement[] = []
  let line = firstLine
  let start = 0
  let next = 0
  while (start < sql.length) {
    next = endOfStatement({ sql, dialect, start, semicolons }, next)
    const end = (semicolons[next] ?? sql.length) + 1
    const begin = start + leadingLength(sql.slice(start, end))
    line += countLines(sql, start, begin)
    const text = sql.slice(begin, end).trim()
    if (scanStatement(text, dialect).statements > 0) statements.push({ text, line })
    line += countLines(sql, begin, end)
    start = end
    next += 1
  }
  return statements
}

interface Rest {
  readonly sql: string
  readonly dialect: DialectName
  /** Where the statement begins. */
  readonly start: number
  readonly semicolons: readonly number[]
}

/** Which semicolon, from `first` on, ends the statement; their number where none does. */
function endOfStatement(rest: Rest, first: number): number {
  const { sql, dialect, start, semicolons } = rest
  if (first >= semicolons.length || isEnd(rest, first)) return first
  // A long statement with many of them, such as rows of texts, is not read once for each: in ever larger steps, and then by halves.
  let before = first
  let step = 1
  while (before + step < semicolons.length && !isEnd(rest, before + step)) {
    before += step
    step *= 2
  }
  let end = Math.min(before + step, semicolons.length)
  while (end - before > 1) {
    const middle = (before + end) >> 1
    if (isEnd(rest, middle)) end = middle
    else before = middle
  }
  // A step that ended inside a comment may have gone too far.
  if (scanStatement(sql.slice(start, (semicolons[end] ?? sql.length) + 1), dialect).statements <= 1) return end
  end = first
  while (end < semicolons.length && !isEnd(rest, end)) end += 1
  return end
}

/** What follows a semicolon that ends a statement is another one, and nothing else is. */
function isEnd({ sql, dialect, start, semicolons }: Rest, at: number): boolean {
  return scanStatement(`${sql.slice(start, (semicolons[at] ?? sql.length) + 1)}\nselect 1`, dialect).statements > 1
}

// Blanks, lone semicolons and comments, but for those that mean something to MySQL, `/*!50100 … */` and `/*+ … */`, and those with others inside.
const leading = /^(?:[\s;\uFEFF]+|(?:--|#)[^\n]*(?:\n|$)|\/\*(?!!|M!|\+)(?:(?!\/\*)[\s\S])*?\*\/)+/

/** How much stands before the first word of a statement. */
function leadingLength(text: string): number {
  return leading.exec(text)?.[0].length ?? 0
}

function countLines(text: string, from: number, to: number): number {
  let lines = 0
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) lines += 1
  return lines
}
