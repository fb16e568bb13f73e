import { inspect } from 'node:util'
import { ArgumentError } from '../errors.ts'
import type { DialectName } from './dialect.ts'
import { didYouMean, printableName } from './nearest-name.ts'

/** The parts a URL is made of, decoded. */
export interface EngineURLParts {
  readonly dialect: DialectName
  /** Left out: the dialect's default driver. */
  readonly driver?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  /** SQLite: a path, `:memory:`, or undefined, which is memory too. */
  readonly database?: string | undefined
  readonly query?: Readonly<Record<string, string>> | undefined
}

/** The drivers of each dialect; the first is the default. */
export const DRIVERS: Readonly<Record<DialectName, readonly [string, ...string[]]>> = Object.freeze({
  sqlite: Object.freeze(['better-sqlite3', 'node'] as const),
  postgresql: Object.freeze(['pg'] as const),
  mysql: Object.freeze(['mysql2'] as const),
})

/** The values an option may have: these, or those of a pattern, which `expected` says in words. */
export type UrlOptionValues = readonly string[] | { readonly pattern: RegExp; readonly expected: string }

const ANY_TEXT: UrlOptionValues = Object.freeze({ pattern: /^/, expected: 'a text' })
const SOCKET: UrlOptionValues = Object.freeze({ pattern: /^\//, expected: 'an absolute path' })
const SECONDS: UrlOptionValues = Object.freeze({ pattern: /^[0-9]{1,6}$/, expected: 'a whole number of seconds' })

/** In capitals or not: MySQL's manual has them in capitals, and so have the URLs of its hosts. */
const MYSQL_SSL_MODE: UrlOptionValues = Object.freeze({
  pattern: /^(?:disabled|preferred|required|verify_ca|verify_identity)$/i,
  expected: 'one of disabled, preferred, required, verify_ca, verify_identity',
})

/** The options a URL may carry, with their values. Nothing else reaches a driver: `?nativeBinding=/tmp/x.node` would be code. */
export const URL_OPTIONS: Readonly<Record<DialectName, Readonly<Record<string, UrlOptionValues>>>> = Object.freeze({
  // As SQLite's own `mode`: read only, read and write, and create as well, which is the default.
  sqlite: Object.freeze({ mode: Object.freeze(['ro', 'rw', 'rwc']) }),
  // libpq's names: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
  postgresql: Object.freeze({
    sslmode: Object.freeze(['disable', 'prefer', 'require', 'verify-ca', 'verify-full']),
    sslrootcert: ANY_TEXT,
    sslcert: ANY_TEXT,
    sslkey: ANY_TEXT,
    channel_binding: Object.freeze(['disable', 'prefer', 'require']),
    application_name: ANY_TEXT,
    options: ANY_TEXT,
    // The directory of the server's Unix socket.
    host: SOCKET,
    connect_timeout: SECONDS,
  }),
  // The names of MySQL's own clients: https://dev.mysql.com/doc/refman/8.4/en/connection-options.html
  mysql: Object.freeze({
    'ssl-mode': MYSQL_SSL_MODE,
    'ssl-ca': ANY_TEXT,
    'ssl-cert': ANY_TEXT,
    'ssl-key': ANY_TEXT,
    // The path of the server's Unix socket.
    socket: SOCKET,
    charset: Object.freeze(['utf8mb4']),
  }),
})

const DIALECT_NAMES: ReadonlyMap<string, DialectName> = new Map<string, DialectName>([
  ['sqlite', 'sqlite'],
  ['postgresql', 'postgresql'],
  // As libpq has it too, and whoever hands out a URL in an environment variable.
  ['postgres', 'postgresql'],
  ['mysql', 'mysql'],
  ['mariadb', 'mysql'],
])

const PART_NAMES = ['dialect', 'driver', 'username', 'password', 'host', 'port', 'database', 'query'] as const
const SQLITE_FORMS = 'sqlite:///relative.db, sqlite:////absolute.db or sqlite:///:memory:'

/**
 * Where a database is and what speaks to it: `dialect[+driver]://user:password@host:port/database?option=value`, as SQLAlchemy writes it.
 * Immutable. The password shows in no text but that of `render({ hidePassword: false })`, and no error repeats the URL.
 */
export class EngineURL {
  // Private, so that no dump of an object's properties finds the password.
  readonly #parts: Required<EngineURLParts>

  /** @throws {ArgumentError} a part is unknown, malformed, or one this dialect has no use for */
  constructor(parts: EngineURLParts) {
    this.#parts = checkParts(parts)
    Object.freeze(this)
  }

  /** @throws {ArgumentError} the text is no such URL; the message does not repeat it */
  static parse(text: string): EngineURL {
    if (typeof text !== 'string') throw new ArgumentError(`A database URL must be a string, found ${kindOf(text)}.`)
    return new EngineURL(parseParts(text))
  }

  /** @throws {ArgumentError} it is neither a URL's text nor an `EngineURL` */
  static from(url: string | EngineURL): EngineURL {
    if (typeof url === 'string') return EngineURL.parse(url)
    if (EngineURL.isEngineURL(url)) return url
    throw new ArgumentError(`A database URL must be a string or an EngineURL, found ${kindOf(url)}.`)
  }

  /** True for real instances only: an object that merely has the prototype is none. */
  static isEngineURL(value: unknown): value is EngineURL {
    return typeof value === 'object' && value !== null && #parts in value
  }

  get dialect(): DialectName {
    return this.#parts.dialect
  }

  get driver(): string {
    return this.#parts.driver ?? DRIVERS[this.#parts.dialect][0]
  }

  get username(): string | undefined {
    return this.#parts.username
  }

  get password(): string | undefined {
    return this.#parts.password
  }

  get host(): string | undefined {
    return this.#parts.host
  }

  get port(): number | undefined {
    return this.#parts.port
  }

  get database(): string | undefined {
    return this.#parts.database
  }

  get query(): Readonly<Record<string, string>> {
    return this.#parts.query ?? {}
  }

  /** A new URL with some parts changed; a part given as undefined is left out. Another dialect takes its default driver. */
  with(changes: Partial<EngineURLParts>): EngineURL {
    const own: Partial<EngineURLParts> = { ...changes }
    for (const name of Object.keys(own)) checkPartName(name)
    const driver = own.dialect === undefined || own.dialect === this.dialect ? this.driver : undefined
    return new EngineURL({ ...this.#parts, driver, ...own, dialect: own.dialect ?? this.dialect })
  }

  /** The URL as text; `parse` reads it back. The password is `***` unless `hidePassword` is false. */
  render(options: { readonly hidePassword: boolean } = { hidePassword: true }): string {
    const { dialect, database, query } = this.#parts
    const scheme = this.driver === DRIVERS[dialect][0] ? dialect : `${dialect}+${this.driver}`
    const path = database === undefined ? '' : `/${encodePath(database, dialect)}`
    const pairs = Object.entries(query ?? {}).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    const options_ = pairs.length === 0 ? '' : `?${pairs.join('&')}`
    return `${scheme}://${this.#authority(options.hidePassword)}${path}${options_}`
  }

  /** The URL with its password hidden. */
  toString(): string {
    return this.render()
  }

  /** The URL with its password hidden. */
  toJSON(): string {
    return this.render()
  }

  [inspect.custom](): string {
    return `EngineURL <${this.render()}>`
  }

  #authority(hidePassword: boolean): string {
    const { username, password, host, port } = this.#parts
    const secret = password === undefined ? '' : `:${hidePassword ? '***' : encodeURIComponent(password)}`
    const user = username === undefined && secret === '' ? '' : `${encodeURIComponent(username ?? '')}${secret}@`
    const name = host?.includes(':') ? `[${host}]` : encodeURIComponent(host ?? '')
    return `${user}${name}${port === undefined ? '' : `:${port}`}`
  }
}

/**
 * Checks that a URL's options are known to its dialect: what `createEngine` adds to `parse`.
 *
 * @throws {ArgumentError} naming the option, never its value
 */
export function checkUrlOptions(url: EngineURL): void {
  const known = URL_OPTIONS[url.dialect]
  for (const [name, value] of Object.entries(url.query)) {
    if (!Object.hasOwn(known, name)) {
      // A name that is no name may be a piece of a password that was not encoded.
      if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,39}$/.test(name)) throw new ArgumentError(`Unknown option in the ${url.dialect} URL.`)
      const names = Object.keys(known)
      const meant = didYouMean(name, names) || ` It may have ${names.join(', ')}.`
      throw new ArgumentError(`Unknown option ${printableName(name)} in the ${url.dialect} URL.${meant}`)
    }
    const refusal = refusalOf(value, known[name] ?? [])
    if (refusal !== undefined) throw new ArgumentError(`Option "${name}" in the ${url.dialect} URL must be ${refusal}.`)
  }
  const inMemory = url.dialect === 'sqlite' && (url.database === undefined || url.database === ':memory:')
  if (inMemory && url.query['mode'] !== undefined && url.query['mode'] !== 'rwc') {
    throw new ArgumentError(`A memory database is made when it is opened: option "mode" in the sqlite URL needs a file, unless it is rwc.`)
  }
}

/** What was expected in place of this value, or undefined when it may be. */
function refusalOf(value: string, allowed: UrlOptionValues): string | undefined {
  if ('pattern' in allowed) return allowed.pattern.test(value) ? undefined : allowed.expected
  if (allowed.includes(value)) return undefined
  return allowed.length === 1 ? allowed[0] : `one of ${allowed.join(', ')}`
}

function parseParts(text: string): EngineURLParts {
  const end = text.indexOf('://')
  if (end === -1) throw new ArgumentError(`A database URL has the form dialect://…, for example ${SQLITE_FORMS}.`)
  const { dialect, driver } = parseScheme(text.slice(0, end))
  const rest = text.slice(end + 3)
  const questionMark = rest.indexOf('?')
  return dialect === 'sqlite' ? { dialect, driver, ...parseSqlite(rest, questionMark) } : { dialect, driver, ...parseServer(rest) }
}

function parseScheme(scheme: string): { readonly dialect: DialectName; readonly driver: string | undefined } {
  const plus = scheme.indexOf('+')
  const dialect = DIALECT_NAMES.get(plus === -1 ? scheme : scheme.slice(0, plus))
  // The text before :// is repeated nowhere either: it may be all of a URL whose slashes went missing.
  if (dialect === undefined)
    throw new ArgumentError(`Unknown dialect in the database URL: expected ${[...DIALECT_NAMES.keys()].join(', ')}.`)
  return { dialect, driver: plus === -1 ? undefined : scheme.slice(plus + 1) }
}

function parseSqlite(rest: string, questionMark: number): Partial<EngineURLParts> {
  const path = questionMark === -1 ? rest : rest.slice(0, questionMark)
  if (path !== '' && !path.startsWith('/')) {
    throw new ArgumentError(`A sqlite URL has neither user nor host: expected ${SQLITE_FORMS}.`)
  }
  const database = decode(path.slice(1), 'database')
  const query = questionMark === -1 ? undefined : parseQuery(rest.slice(questionMark + 1))
  return { database: database === '' ? undefined : database, query }
}

function parseServer(rest: string): Partial<EngineURLParts> {
  const authorityEnd = rest.search(/[/?]/)
  const authority = authorityEnd === -1 ? rest : rest.slice(0, authorityEnd)
  const tail = authorityEnd === -1 ? '' : rest.slice(authorityEnd)
  // Else half of a password with a slash in it would be taken for the name of a database, and shown.
  if (tail.includes('@')) throw new ArgumentError('Encode /, ? and @ in the parts of a database URL: %2F, %3F and %40.')
  const questionMark = tail.indexOf('?')
  const path = questionMark === -1 ? tail : tail.slice(0, questionMark)
  const query = questionMark === -1 ? undefined : parseQuery(tail.slice(questionMark + 1))
  const at = authority.lastIndexOf('@')
  const database = decode(path.slice(1), 'database')
  return {
    ...parseUser(at === -1 ? undefined : authority.slice(0, at)),
    ...parseHost(authority.slice(at + 1)),
    database: database === '' ? undefined : database,
    query,
  }
}

function parseUser(text: string | undefined): Partial<EngineURLParts> {
  if (text === undefined) return {}
  const colon = text.indexOf(':')
  const username = decode(colon === -1 ? text : text.slice(0, colon), 'user name')
  const password = colon === -1 ? undefined : decode(text.slice(colon + 1), 'password')
  return { username: username === '' ? undefined : username, password }
}

function parseHost(text: string): Partial<EngineURLParts> {
  const bracket = text.startsWith('[') ? text.indexOf(']') : -1
  if (text.startsWith('[') && bracket === -1) throw new ArgumentError('The host in the database URL lacks its closing bracket.')
  const colon = text.indexOf(':', bracket + 1)
  const nameEnd = colon === -1 ? text.length : colon
  if (bracket !== -1 && nameEnd !== bracket + 1) throw new ArgumentError('The host in the database URL is malformed.')
  const host = decode(bracket === -1 ? text.slice(0, nameEnd) : text.slice(1, bracket), 'host')
  const port = colon === -1 || colon === text.length - 1 ? undefined : parsePort(text.slice(colon + 1))
  return { host: host === '' ? undefined : host, port }
}

function parsePort(text: string): number {
  return /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN
}

function parseQuery(text: string): Readonly<Record<string, string>> | undefined {
  const pairs = new Map<string, string>()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode((equals === -1 ? pair : pair.slice(0, equals)).replaceAll('+', ' '), 'options')
    if (pairs.has(name)) throw new ArgumentError('An option is given twice in the database URL.')
    pairs.set(name, equals === -1 ? '' : decode(pair.slice(equals + 1).replaceAll('+', ' '), 'options'))
  }
  // fromEntries defines: "__proto__" becomes a name like any other, to be refused as unknown.
  return Object.fromEntries(pairs)
}

function decode(text: string, part: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    // Not kept as cause: nothing that has seen the text goes on.
    throw new ArgumentError(
      `The ${part} in the database URL has a % that is not followed by two hexadecimal digits of UTF-8 text; write %25.`,
    )
  }
}

function encodePath(database: string, dialect: DialectName): string {
  const reserved = dialect === 'sqlite' ? /[%?\p{Cc}]/gu : /[%?@\p{Cc}]/gu
  return database.replace(reserved, (character) => encodeURIComponent(character))
}

function checkParts(given: EngineURLParts): Required<EngineURLParts> {
  const parts = { ...given }
  for (const name of Object.keys(parts)) checkPartName(name)
  const { dialect, username, password, host, port, database } = parts
  const driver = parts.driver ?? (Object.hasOwn(DRIVERS, dialect) ? DRIVERS[dialect][0] : undefined)
  if (driver === undefined) throw new ArgumentError(`Unknown dialect: expected ${Object.keys(DRIVERS).join(', ')}.`)
  if (!DRIVERS[dialect].includes(driver)) {
    throw new ArgumentError(`Unknown driver in the ${dialect} URL: expected ${DRIVERS[dialect].join(' or ')}.`)
  }
  for (const [name, text] of Object.entries({ username, password, host, database })) checkText(name, text)
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    throw new ArgumentError('The port in the database URL must be a whole number from 1 to 65535.')
  }
  if (dialect === 'sqlite' && (username ?? password ?? host ?? port) !== undefined) {
    throw new ArgumentError(`A sqlite URL has neither user nor host: expected ${SQLITE_FORMS}.`)
  }
  return { dialect, driver, username, password, host, port, database, query: checkQuery(parts.query) }
}

function checkPartName(name: string): void {
  const known: readonly string[] = PART_NAMES
  if (!known.includes(name)) throw new ArgumentError(`Unknown part ${printableName(name)} of a database URL.${didYouMean(name, known)}`)
}

function checkQuery(query: unknown): Readonly<Record<string, string>> {
  if (query === undefined) return Object.freeze({})
  if (typeof query !== 'object' || query === null || Array.isArray(query))
    throw new ArgumentError('The options of a database URL must be an object.')
  const pairs = Object.entries(query)
  for (const [, value] of pairs) checkText('options', value ?? null)
  return Object.freeze(Object.fromEntries(pairs))
}

function checkText(name: string, text: unknown): void {
  if (text === undefined) return
  if (typeof text !== 'string') throw new ArgumentError(`The ${name} in a database URL must be a string.`)
  if (text.includes('\0')) throw new ArgumentError(`The ${name} in the database URL holds a NUL character.`)
  if (!text.isWellFormed()) throw new ArgumentError(`The ${name} in the database URL holds half a surrogate pair.`)
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : `a value of type ${typeof value}`
}
