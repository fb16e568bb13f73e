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
  /** True where a list of values is a value of its own. */
  readonly arrays: boolean
  /** True where a number can be infinite. */
  readonly infinity: boolean
  /** True where a text can hold a NUL character. */
  readonly nulInText: boolean
  /** True where 64 bits can hold an integer without a sign, up to 2^64 - 1. */
  readonly unsignedIntegers: boolean
  /** What becomes of an integer that is larger: it is refused, or sent as its digits for a column that can hold it. */
  readonly largerIntegers: 'refused' | 'text'
  /** How a Date is written, in UTC: `2024-02-29T12:30:15.123Z` or `2024-02-29 12:30:15.123`. */
  readonly dates: 'iso' | 'spaced'
  /** True where INSERT, UPDATE and DELETE give rows with RETURNING. */
  readonly returning: boolean
  /** True where DEFAULT may stand among the values of an INSERT. */
  readonly defaultInValues: boolean
  /** True where the database tells the number that it has given to an inserted row. */
  readonly lastInsertId: boolean
  /** True where a column that counts takes its next number in the place of 0. */
  readonly countsZero: boolean
  /** How an INSERT says what becomes of a row that is there already: ON CONFLICT, or ON DUPLICATE KEY UPDATE and no DEFAULT VALUES. */
  readonly upsert: 'onConflict' | 'onDuplicateKey'
  /** True where a transaction can be rolled back with the DDL in it; else DDL commits what is open. */
  readonly transactionalDdl: boolean
  /** True where a statement that fails undoes itself alone; else it takes its transaction along, back to the last savepoint. */
  readonly survivesFailedStatements: boolean
  /** How a value of `` sql`…` `` is marked in the text sent: `?` or `$1`. */
  readonly placeholders: 'anonymous' | 'numbered'
  /** True where COPY takes the rows of a table from the client, or gives them to it. */
  readonly copy: boolean
  /** True where sessions can send each other notifications: LISTEN and NOTIFY. */
  readonly notifications: boolean
  /** How a text can mark its parameters. */
  readonly placeholderForms: readonly string[]
  /** The most parameters one statement can have. */
  readonly maxParameters: number
  /**
   * Makes an identifier of any text, quoted and escaped: the only way a name gets into SQL.
   *
   * @throws {ArgumentError} the name is empty, holds a NUL or half a surrogate pair, or is one that this database would change
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
    arrays: false,
    infinity: true,
    nulInText: true,
    unsignedIntegers: false,
    largerIntegers: 'refused',
    dates: 'iso',
    returning: true,
    defaultInValues: false,
    lastInsertId: true,
    countsZero: false,
    upsert: 'onConflict',
    transactionalDdl: true,
    survivesFailedStatements: true,
    placeholders: 'anonymous',
    copy: false,
    notifications: false,
    placeholderForms: Object.freeze(['?', '?1', '$1', ':name']),
    maxParameters: 32_766,
    quoteIdentifier: (name) => quote(name, '"'),
  }),
  // The count of parameters is an unsigned 16-bit number in both protocols.
  postgresql: Object.freeze<Dialect>({
    name: 'postgresql',
    embedded: false,
    nativeBooleans: true,
    arrays: true,
    infinity: true,
    nulInText: false,
    unsignedIntegers: false,
    largerIntegers: 'text',
    dates: 'iso',
    returning: true,
    defaultInValues: true,
    lastInsertId: false,
    countsZero: false,
    upsert: 'onConflict',
    transactionalDdl: true,
    survivesFailedStatements: false,
    placeholders: 'numbered',
    copy: true,
    notifications: true,
    placeholderForms: Object.freeze(['$1', ':name']),
    maxParameters: 65_535,
    quoteIdentifier: quotePostgresql,
  }),
  mysql: Object.freeze<Dialect>({
    name: 'mysql',
    embedded: false,
    nativeBooleans: true,
    arrays: false,
    infinity: false,
    nulInText: true,
    unsignedIntegers: true,
    largerIntegers: 'refused',
    dates: 'spaced',
    // MariaDB has it for INSERT and DELETE; MySQL has not.
    returning: false,
    defaultInValues: true,
    lastInsertId: true,
    countsZero: true,
    upsert: 'onDuplicateKey',
    transactionalDdl: false,
    survivesFailedStatements: true,
    placeholders: 'anonymous',
    copy: false,
    notifications: false,
    placeholderForms: Object.freeze(['?', ':name']),
    maxParameters: 65_535,
    quoteIdentifier: quoteMysql,
  }),
}

/**
 * Checks what becomes an identifier, on whatever database.
 *
 * @throws {ArgumentError} it is no text, is empty, or holds a NUL or half a surrogate pair
 */
export function checkIdentifier(name: string): void {
  if (typeof name !== 'string') throw new ArgumentError(`An identifier must be a string, found ${name === null ? 'null' : typeof name}.`)
  if (name === '') throw new ArgumentError('An identifier must not be empty.')
  if (name.includes('\0')) throw new ArgumentError('An identifier must not contain a NUL character.')
  if (!name.isWellFormed()) throw new ArgumentError('An identifier must not contain half a surrogate pair.')
}

function quote(name: string, mark: '"' | '`'): string {
  checkIdentifier(name)
  return mark + name.replaceAll(mark, mark + mark) + mark
}

/** PostgreSQL cuts a longer name without an error: another name. https://www.postgresql.org/docs/current/limits.html */
const MAX_POSTGRESQL_BYTES = 63

function quotePostgresql(name: string): string {
  const quoted = quote(name, '"')
  if (Buffer.byteLength(name) > MAX_POSTGRESQL_BYTES) {
    throw new ArgumentError(`An identifier of postgresql has at most ${MAX_POSTGRESQL_BYTES} bytes: it would be cut.`)
  }
  return quoted
}

/** MySQL's names are of the Basic Multilingual Plane; any other character would become a question mark. */
function quoteMysql(name: string): string {
  const quoted = quote(name, '`')
  if (/[\u{10000}-\u{10ffff}]/u.test(name)) {
    throw new ArgumentError('An identifier of mysql holds no character beyond U+FFFF, such as an emoji: it would be replaced.')
  }
  if (name.endsWith(' ')) throw new ArgumentError('An identifier of mysql does not end in a space.')
  return quoted
}
