import { NotSupportedError } from '../errors.ts'
import type { WireValue } from '../protocol/values.ts'
import type { CompiledStatement } from '../sql/statement.ts'

const vfs = process.platform === 'win32' ? 'win32' : 'unix'
/** A statement that names a file, up to where its name begins. */
const beforeName = /^\s*(?:attach(?:\s+database)?|vacuum\b[^']*?\binto)\s*(?=\S)/i
const literal = /^'(?:[^']|'')*'(?!\s*\|\|)/
const placeholder = /^[?:@$]/

/**
 * The same statement with the file that it names in the system's file system. An engine's memory database belongs to SQLite's VFS "memdb",
 * and SQLite looks there for every file that its SQL names: ATTACH of a file would find an empty database, VACUUM INTO would write one that
 * is gone at once. A URI can name another VFS. https://www.sqlite.org/uri.html#standard_query_parameters
 *
 * @throws {NotSupportedError} the name is neither a text nor a parameter
 */
export function withFilesOfSystem(compiled: CompiledStatement): CompiledStatement {
  const start = beforeName.exec(compiled.sql)?.[0].length
  if (start === undefined) return compiled
  const [before, name] = [compiled.sql.slice(0, start), compiled.sql.slice(start)]
  // The name is the first parameter of these statements, whatever the second one is.
  if (placeholder.test(name)) return { ...compiled, values: compiled.values.map((value, index) => (index === 0 ? fileUri(value) : value)) }
  const quoted = literal.exec(name)?.[0]
  if (quoted !== undefined) return { ...compiled, text: before + uriLiteral(quoted) + name.slice(quoted.length) }
  throw new NotSupportedError('In a memory database ATTACH and VACUUM INTO take the name of the file as a text or a parameter.', {
    sql: compiled.sql,
  })
}

/** As `withFilesOfSystem`, for the statements of a script. */
export function scriptWithFilesOfSystem(script: string): string {
  // Where a semicolon stands inside a text, two pieces are looked at instead of one: neither begins like such a statement.
  const pieces = script.split(';').map((piece) => {
    const start = beforeName.exec(piece)?.[0].length
    const quoted = start === undefined ? undefined : literal.exec(piece.slice(start))?.[0]
    if (start === undefined || quoted === undefined) return piece
    return piece.slice(0, start) + uriLiteral(quoted) + piece.slice(start + quoted.length)
  })
  return pieces.join(';')
}

function uriLiteral(quoted: string): string {
  return `'${String(fileUri(quoted.slice(1, -1).replaceAll("''", "'"))).replaceAll("'", "''")}'`
}

function fileUri(name: WireValue): WireValue {
  if (typeof name !== 'string' || name === '' || name === ':memory:') return name
  if (!name.startsWith('file:')) return `file:${encodeURI(name).replaceAll('?', '%3f').replaceAll('#', '%23')}?vfs=${vfs}`
  return /[?&]vfs=/.test(name) ? name : `${name}${name.includes('?') ? '&' : '?'}vfs=${vfs}`
}
