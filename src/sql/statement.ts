import { Sql } from 'sql-template-tag'
import { ProgrammingError } from '../errors.ts'
import type { WireValue } from '../protocol/values.ts'
import type { Dialect } from './dialect.ts'
import { describeValue, toWireValue } from './parameters.ts'
import { type ScannedStatement, scanStatement } from './scan-statement.ts'
import { compileFor, type DialectStatement, isForAnyDialect, type StatementTyping } from './typed-statement.ts'

/** What a query builder's query is here: Kysely's, or a statement of `offloop/schema`. */
export interface Compilable {
  /** Called once for each execution. */
  compile(): { readonly sql: string; readonly parameters: readonly unknown[] }
}

/** A query that knows what its rows look like, as those of Kysely and `offloop/schema` do. */
export interface TypedStatement<R> extends Compilable {
  /** Says in its type what a row is. Never called. */
  execute(...args: never[]): Promise<R[]>
}

/** Whatever can be executed: a text, a `` sql`…` `` value, or anything that compiles itself. */
export type Executable = string | Sql | Compilable

/**
 * Values by name. An interface has no index signature, so that it would not fit one: any object does but those that are known by a symbol
 * to be something else, as functions, Dates and Maps are.
 */
export type NamedValues =
  | { readonly [name: string]: unknown }
  | (object & {
      readonly [Symbol.hasInstance]?: never
      readonly [Symbol.iterator]?: never
      readonly [Symbol.toPrimitive]?: never
      readonly [Symbol.toStringTag]?: never
    })

/** Values for a text's placeholders: a list for `?`, `?1` and `$1`, an object for `:name`, and for SQLite's `@name` and `$name`. */
export type Parameters = readonly unknown[] | NamedValues

/** The values of one execution, checked and copied. */
export interface BoundParameters {
  /** The names that the driver binds `values` by, in their order, or null when it binds them by position. */
  readonly names: readonly string[] | null
  readonly values: readonly WireValue[]
  /** Large copies of bytes that may be moved to the worker instead of being cloned once more. */
  readonly transfer: ArrayBuffer[] | undefined
}

/** A statement that is ready to be sent. */
export interface CompiledStatement extends BoundParameters {
  /** As the user wrote it: for errors, and whoever watches. */
  readonly sql: string
  /** As it is sent. */
  readonly text: string
  readonly scanned: ScannedStatement
  readonly typing: StatementTyping | null
}

/** Below this a clone of the bytes costs less than moving their buffer. */
const MIN_TRANSFER_BYTES = 32_768
/** A statement longer than this is generated, and seldom twice the same. In UTF-16 units. */
const MAX_CACHED_LENGTH = 65_536
const MAX_SQL_LENGTH = 100_000_000
const NO_VALUES: readonly WireValue[] = Object.freeze([])

/**
 * Turns executables into text and checked values on the user's thread, before anything crosses the border. One for each engine: it
 * remembers what it has found out about the last texts.
 */
export class StatementCompiler {
  readonly #dialect: Dialect
  readonly #capacity: number
  // Two generations in place of a list in order of use: a hit costs one look-up and no reordering. When the young one is full it becomes
  // the old one, and what is asked for again moves over.
  #young = new Map<string, ScannedStatement>()
  #old = new Map<string, ScannedStatement>()

  /** @param capacity how many of the last texts are surely remembered; up to twice as many are held */
  constructor(dialect: Dialect, capacity: number) {
    this.#dialect = dialect
    this.#capacity = capacity
  }

  /**
   * @throws {ProgrammingError} no statement or several, placeholders of mixed styles, a wrong count of values, a missing or extra name
   * @throws {TypeError} the executable or a value is of no known kind; the message has its position or name
   * @throws {RangeError} a value is out of range
   */
  compile(executable: Executable, parameters?: Parameters): CompiledStatement {
    if (typeof executable === 'string') return this.#bind(executable, parameters, null)
    const { sql, parameters: values, typing } = this.#resolve(executable)
    if (parameters !== undefined && !(isList(parameters) && parameters.length === 0))
      throw new TypeError('This statement has its values inside it: expected no second list of parameters.')
    return this.#bind(sql, values, typing)
  }

  /**
   * The text of a statement whose values come from elsewhere, row by row; `scan` and `bindParameters` do the rest.
   *
   * @throws {TypeError} the executable is of no known kind, or has values inside it
   */
  textOf(executable: Executable): string {
    const { sql, parameters } = this.#resolve(executable)
    if (parameters.length > 0) throw new TypeError('This statement has values inside it: expected one that takes them from the rows.')
    return sql
  }

  /**
   * Checks a text of any number of statements, as far as that can be done without reading it all.
   *
   * @throws {ProgrammingError} a NUL, half a surrogate pair, or more than 100,000,000 characters
   */
  checkScript(text: string): void {
    checkText(text)
  }

  /**
   * Checks a text without its values. For many rows under one statement: `bindParameters` then takes each row.
   *
   * @throws {ProgrammingError} as `compile`
   */
  scan(sql: string): ScannedStatement {
    const known = this.#young.get(sql)
    if (known !== undefined) return known
    const scanned = this.#old.get(sql) ?? scanOne(sql, this.#dialect)
    if (sql.length <= MAX_CACHED_LENGTH) this.#remember(sql, scanned)
    return scanned
  }

  #remember(sql: string, scanned: ScannedStatement): void {
    if (this.#young.size >= this.#capacity) {
      this.#old = this.#young
      this.#young = new Map()
    }
    if (this.#capacity > 0) this.#young.set(sql, scanned)
  }

  #bind(sql: string, parameters: Parameters | undefined, typing: StatementTyping | null): CompiledStatement {
    const scanned = this.scan(sql)
    const target: BindTarget = { sql, scanned, dialect: this.#dialect }
    const values = bindParameters(target, parameters)
    return { sql, text: scanned.text, scanned, names: scanned.boundNames, values, transfer: transferOf(values), typing }
  }

  #resolve(executable: unknown): DialectStatement {
    if (typeof executable === 'string') return { sql: executable, parameters: NO_VALUES, typing: null }
    if (executable instanceof Sql || isForeignSql(executable)) {
      const sql = this.#dialect.placeholders === 'numbered' ? executable.text : executable.sql
      return { sql, parameters: executable.values, typing: null }
    }
    if (isCompilable(executable)) {
      const compiled: unknown = executable.compile()
      if (isForAnyDialect(compiled)) return compiled[compileFor](this.#dialect)
      if (isCompiledQuery(compiled)) return { sql: compiled.sql, parameters: compiled.parameters, typing: null }
      throw new TypeError('compile() of the statement must return { sql: string, parameters: array }.')
    }
    const expected = 'expected a string, a sql`…` value or an object with compile()'
    throw new TypeError(`This is no statement: ${expected}, found ${describeValue(executable)}.`)
  }
}

/**
 * Checks values against a statement's placeholders and copies them, in the order in which they are sent.
 *
 * @throws {ProgrammingError} a wrong count, a missing or extra name
 * @throws {TypeError} a value SQL does not know, or parameters that are neither list nor object
 */
export function bindParameters(target: BindTarget, parameters: Parameters | undefined): readonly WireValue[] {
  const values: WireValue[] = []
  bindInto(values, target, parameters)
  // An array that grows begins with room for 17, and there may be many that wait: the copy is as long as it has to be.
  return values.slice()
}

/** A statement whose values are bound, one execution after another. */
export interface BindTarget {
  readonly sql: string
  readonly scanned: ScannedStatement
  readonly dialect: Dialect
}

/**
 * As `bindParameters`, behind the values that are there already. Appended by `push` alone: an array that V8 takes for one with holes is
 * cloned element by element with its index, at several times the cost.
 */
export function bindInto(values: WireValue[], target: BindTarget, parameters: Parameters | undefined): void {
  if (parameters === undefined) {
    if (target.scanned.count > 0) throw missingAll(target.sql, target.scanned)
    return
  }
  if (typeof parameters !== 'object' || parameters === null) {
    throw new TypeError(`Parameters must be an array or an object, found ${describeValue(parameters)}.`)
  }
  if (isList(parameters)) bindList(values, target, parameters)
  else bindNamed(values, target, parameters)
}

function bindList(values: WireValue[], { sql, scanned, dialect }: BindTarget, list: readonly unknown[]): void {
  const length = list.length
  if (scanned.style === 'named') {
    throw new ProgrammingError(`The statement names its parameters (${nameList(scanned.names)}): expected an object, found an array.`, {
      sql,
    })
  }
  if (length !== scanned.count) {
    const given = `${length} ${length === 1 ? 'value was' : 'values were'}`
    throw new ProgrammingError(`The statement has ${plural(scanned.count)}, but ${given} given.${placeholderHint(sql, dialect)}`, { sql })
  }
  for (let index = 0; index < length; index += 1) values.push(toWireValue(list[index], index + 1, dialect))
}

function bindNamed(values: WireValue[], { sql, scanned, dialect }: BindTarget, object: object): void {
  const { names } = scanned
  // Read as a record: what is not an own property is never looked at, and each is read once.
  const record = object as { readonly [name: string]: unknown }
  const keys = Object.keys(record)
  if (keys.length === 0 && !isPlain(record)) {
    throw new TypeError(`Parameters must be an array or an object with names, found ${describeValue(record)}.`)
  }
  if (scanned.style === 'anonymous') {
    throw new ProgrammingError(`The statement has ${plural(scanned.count)} without a name: expected an array, found an object.`, { sql })
  }
  const from = values.length
  for (const name of names) {
    if (!Object.hasOwn(record, name)) throw missing(sql, name)
    values.push(toWireValue(record[name], name, dialect))
  }
  if (scanned.valueOrder !== null) repeatInto(values, from, scanned.valueOrder)
  if (keys.length !== names.length) {
    const extra = keys.find((key) => !names.includes(key))
    // Hidden from a loop over the names, and so no value of them.
    if (extra === undefined) throw missing(sql, names.find((name) => !keys.includes(name)) ?? '')
    throw new ProgrammingError(`The statement has no parameter "${printable(extra)}"; it has ${nameList(names)}.`, { sql })
  }
}

/** Puts the values from `from` on into the places that want them. */
function repeatInto(values: WireValue[], from: number, order: readonly number[]): void {
  const given = values.splice(from)
  const taken = new Set<number>()
  for (const index of order) {
    const value = given[index] as WireValue
    // Bytes may be moved, and that only once: each place has its own.
    values.push(value instanceof Uint8Array && taken.has(index) ? value.slice() : value)
    taken.add(index)
  }
}

function transferOf(values: readonly WireValue[]): ArrayBuffer[] | undefined {
  let transfer: ArrayBuffer[] | undefined
  for (const value of values) {
    if (!isTransferable(value)) continue
    transfer ??= []
    transfer.push(value.buffer as ArrayBuffer)
  }
  return transfer
}

/** Bytes that are better moved than cloned. `toWireValue` made them as a copy of its own, so no one else sees them vanish. */
export function isTransferable(value: WireValue): value is Uint8Array {
  return value instanceof Uint8Array && value.byteLength >= MIN_TRANSFER_BYTES
}

function checkText(sql: string): void {
  if (sql.length > MAX_SQL_LENGTH) throw new ProgrammingError(`The SQL is longer than ${MAX_SQL_LENGTH} characters.`, { sql })
  if (sql.includes('\0')) throw new ProgrammingError('The SQL holds a NUL character: pass such text as a parameter.', { sql })
  if (!sql.isWellFormed()) throw new ProgrammingError('The SQL holds half a surrogate pair.', { sql })
}

function scanOne(sql: string, dialect: Dialect): ScannedStatement {
  checkText(sql)
  const scanned = scanStatement(sql, dialect.name)
  if (scanned.statements === 0) throw new ProgrammingError('Expected one SQL statement, found none.', { sql })
  if (scanned.statements > 1) {
    throw new ProgrammingError(`Expected one SQL statement, found ${scanned.statements}: script() runs several.`, { sql })
  }
  if (scanned.style === 'mixed') {
    const forms = dialect.placeholderForms.map((form) => `only ${form}`)
    const choice = `${forms.slice(0, -1).join(', ')}, or ${forms.at(-1)}`
    throw new ProgrammingError(`The statement mixes placeholders: use ${choice}.`, { sql })
  }
  const sent = scanned.valueOrder?.length ?? scanned.count
  if (sent > dialect.maxParameters) {
    throw new ProgrammingError(`The statement has ${plural(sent)}; ${dialect.name} takes ${dialect.maxParameters} at most.`, { sql })
  }
  if (scanned.style === 'numbered') checkNumbers(sql, scanned.names, dialect)
  return scanned
}

/** Numbers run from 1 without a gap: a gap is one more parameter to SQLite that no one could bind by name, and an error to PostgreSQL. */
function checkNumbers(sql: string, names: readonly string[], { name, placeholderForms }: Dialect): void {
  if (!placeholderForms.includes('$1')) {
    throw new ProgrammingError(`${name} has no numbered parameters: expected ${placeholderForms.join(' or ')}, found $${names[0]}.`, {
      sql,
    })
  }
  for (let index = 0; index < names.length; index += 1) {
    if (names[index] !== String(index + 1)) {
      const found = nameList(names)
      throw new ProgrammingError(`Numbered parameters run from 1 without a gap: expected ${index + 1} among ${found}.`, { sql })
    }
  }
}

/**
 * True for a value of another copy of sql-template-tag. Nothing that was parsed from JSON passes: its prototype is `Object.prototype`,
 * and the accessor is on a class.
 */
function isForeignSql(value: unknown): value is Sql {
  if (typeof value !== 'object' || value === null || isPlain(value)) return false
  const prototype: object = Object.getPrototypeOf(value)
  if (typeof Object.getOwnPropertyDescriptor(prototype, 'sql')?.get !== 'function') return false
  const { sql, text, values } = value as { readonly sql: unknown; readonly text: unknown; readonly values: unknown }
  return typeof sql === 'string' && typeof text === 'string' && Array.isArray(values)
}

function isCompilable(value: unknown): value is Compilable {
  return typeof value === 'object' && value !== null && 'compile' in value && typeof value.compile === 'function'
}

function isCompiledQuery(value: unknown): value is ReturnType<Compilable['compile']> {
  if (typeof value !== 'object' || value === null || !('sql' in value) || !('parameters' in value)) return false
  return typeof value.sql === 'string' && Array.isArray(value.parameters)
}

function isList(parameters: Parameters): parameters is readonly unknown[] {
  return Array.isArray(parameters)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function missing(sql: string, name: string): ProgrammingError {
  return new ProgrammingError(`No value was given for parameter "${name}".`, { sql })
}

function missingAll(sql: string, scanned: ScannedStatement): ProgrammingError {
  const wanted = scanned.names.length > 0 && scanned.style === 'named' ? ` (${nameList(scanned.names)})` : ''
  return new ProgrammingError(`The statement has ${plural(scanned.count)}${wanted}, but no values were given.`, { sql })
}

/** To PostgreSQL `?` is an operator: whoever is used to it as a placeholder is told what to write. */
function placeholderHint(sql: string, { placeholders, placeholderForms, name }: Dialect): string {
  if (placeholders !== 'numbered' || !sql.includes('?')) return ''
  return ` The placeholders of ${name} are ${placeholderForms.join(' or ')}; ? is an operator there.`
}

function plural(count: number): string {
  return count === 1 ? '1 parameter' : `${count} parameters`
}

function nameList(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  return names.length <= 8 ? names.join(', ') : `${names.slice(0, 8).join(', ')}, …`
}

function printable(name: string): string {
  return name.toWellFormed().slice(0, 100)
}
