import { ArgumentError } from '../errors.ts'

/** The databases this library speaks to. MariaDB is `mysql`. */
export type DialectName = 'sqlite' | 'postgresql' | 'mysql'

/** What one SQL dialect can do and how it spells things. Code asks a capability and never compares the name. */
export interface Dialect {
  readonly name: DialectName
  /** True where the database is a file in this process, and false where it is a server. */
  readonly embedded: boolean
  /** True where booleans are values of their own; else they are sent as 1 and 0. */
  readonly nativeBooleans: boolean
  /** How a value of `` sql`…` `` is marked in the text sent: `?` or `$1`. */
  readonly placeholders: 'anonymous' | 'numbered'
  /** The most parameters one statement can have. */
  readonly maxParameters: number
  /**
   * Makes an identifier of any text, quoted and escaped: the only way a name gets into SQL.
   *
   * @throws {ArgumentError} the name is empty, or holds a NUL or half a surrogate pair
   */
  quoteIdentifier(name: string): string
}

/** The dialect of that name; the same frozen object every time. */
export function dialectFor(name: DialectName): Dialect {
  return DIALECTS[name]
}

const DIALECTS: Readonly<Record<DialectName, Dialect>> = {
  // 32,766 is SQLITE_MAX_VARIABLE_NUMBER, https://www.sqlite.org/limits.html
  sqlite: Object.freeze<Dialect>({
    name: 'sqlite',
    embedded: true,
    nativeBooleans: false,
    placeholders: 'anonymous',
    maxParameters: 32_766,
    quoteIdentifier: (name) => quote(name, '"'),
  }),
  // The count of parameters is an unsigned 16-bit number in both protocols.
  postgresql: Object.freeze<Dialect>({
    name: 'postgresql',
    embedded: false,
    nativeBooleans: true,
    placeholders: 'numbered',
    maxParameters: 65_535,
    quoteIdentifier: (name) => quote(name, '"'),
  }),
  mysql: Object.freeze<Dialect>({
    name: 'mysql',
    embedded: false,
    nativeBooleans: true,
    placeholders: 'anonymous',
    maxParameters: 65_535,
    quoteIdentifier: (name) => quote(name, '`'),
  }),
}

function quote(name: string, mark: '"' | '`'): string {
  if (typeof name !== 'string') throw new ArgumentError(`An identifier must be a string, found ${name === null ? 'null' : typeof name}.`)
  if (name === '') throw new ArgumentError('An identifier must not be empty.')
  if (name.includes('\0')) throw new ArgumentError('An identifier must not contain a NUL character.')
  if (!name.isWellFormed()) throw new ArgumentError('An identifier must not contain half a surrogate pair.')
  return mark + name.replaceAll(mark, mark + mark) + mark
}
