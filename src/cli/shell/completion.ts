import type { Dialect } from '../../sql/dialect.ts'
import { keywords, reservedWords } from './keywords.ts'

/** What can be named in a statement. */
export interface NamedTable {
  readonly name: string
  readonly columns: readonly string[]
}

export interface CompletionContext {
  readonly dialect: Dialect
  readonly tables: readonly NamedTable[]
  /** The statement so far: the lines before, and this one. */
  readonly statement: string
}

/** Candidates, and the end of the line that they take the place of. Mutable, as the reader of lines wants it. */
export type Completion = [candidates: string[], replaced: string]

/** What may stand at the end of a line of SQL: tables behind FROM, columns of a table behind its name or its alias, else columns, tables and keywords. */
export function completeSql(line: string, { dialect, tables, statement }: CompletionContext): Completion {
  const [, qualifier, typed = ''] =
    /(?:((?:[\p{L}_][\p{L}\d_$]*|"[^"]*"|`[^`]*`))\.)?((?:["`][^"`]*|[\p{L}_][\p{L}\d_$]*)?)$/u.exec(line) ?? []
  const named = (names: readonly string[]): string[] => matching(names, typed, (name) => quotedAsNeeded(name, typed, dialect))
  if (qualifier !== undefined) {
    const table = tableOf(bare(qualifier), tables, statement)
    return [named(table?.columns ?? []), typed]
  }
  const tableNames = tables.map(({ name }) => name)
  const before = line.slice(0, line.length - typed.length)
  const previous = /([a-z]+)\s*$/i.exec(before)?.[1]?.toLowerCase()
  if (previous !== undefined && behindTables.has(previous)) return [named(tableNames), typed]
  const mentioned = tables.filter(({ name }) => mentions(statement, name))
  // Columns are written before their table is: then they may be any table's.
  const columns = (mentioned.length === 0 ? tables : mentioned).flatMap((table) => table.columns)
  const words = typed === '' ? [] : matching(keywords, typed, (word) => inCaseOf(typed, word))
  return [[...named([...columns, ...tableNames]), ...words], typed]
}

const behindTables: ReadonlySet<string> = new Set(['from', 'join', 'into', 'update', 'table', 'describe', 'references'])

/** The candidates that begin with what was typed, whatever its case, each once. */
function matching(candidates: readonly string[], typed: string, shown: (candidate: string) => string): string[] {
  const beginning = bare(typed).toLowerCase()
  const found = candidates.filter((candidate) => candidate.toLowerCase().startsWith(beginning))
  return [...new Set(found)].sort().map(shown)
}

/** The table of that name, or of that alias: `users u`, `users as u`. */
function tableOf(qualifier: string, tables: readonly NamedTable[], statement: string): NamedTable | undefined {
  const lower = qualifier.toLowerCase()
  const table = tables.find(({ name }) => name.toLowerCase() === lower)
  if (table !== undefined) return table
  return tables.find(({ name }) => new RegExp(`${quotable(name)}\\s+(?:as\\s+)?["\`]?${literal(qualifier)}\\b`, 'iu').test(statement))
}

function mentions(statement: string, name: string): boolean {
  return new RegExp(`(?<![\\p{L}\\d_])${quotable(name)}(?![\\p{L}\\d_])`, 'iu').test(statement)
}

function quotable(name: string): string {
  return `["\`]?${literal(name)}["\`]?`
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}

function bare(name: string): string {
  return name.replace(/^["`]|["`]$/g, '')
}

/** A name as it has to be written: PostgreSQL makes small letters of what has no quotes. */
function quotedAsNeeded(name: string, typed: string, dialect: Dialect): string {
  const plain = dialect.name === 'postgresql' ? /^[a-z_][a-z0-9_]*$/ : /^[a-z_][a-z0-9_]*$/i
  const quotes = /^["`]/.test(typed) || !plain.test(name) || reservedWords.has(name.toLowerCase())
  return quotes ? dialect.quoteIdentifier(name) : name
}

/** Keywords are written in the letters that the user writes them in. */
function inCaseOf(typed: string, word: string): string {
  return /[A-Z]/.test(typed) && typed === typed.toUpperCase() ? word.toUpperCase() : word
}
