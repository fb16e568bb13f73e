import type { Dialect } from '../../sql/dialect.ts'
import { ColumnType, type Decode, misfit, outOfRange, unreadable } from '../column-type.ts'

function decodeText(label: string): Decode {
  return (value) => {
    if (typeof value === 'string') return value
    throw unreadable(label, 'a text', value)
  }
}

/** Texts of a limited length. */
export class StringType extends ColumnType {
  override readonly kind = 'string'
  /** In characters: code points. */
  readonly length: number

  /** @throws {RangeError} the length is no whole number, 1 or more */
  constructor(length: number) {
    super()
    if (!Number.isInteger(length) || length < 1) throw new RangeError('string(length) takes the most characters, a whole number.')
    this.length = length
  }

  override sqlType(_dialect: Dialect, strict: boolean): string {
    return strict ? 'text' : `varchar(${this.length})`
  }

  override encode(value: unknown, _dialect: Dialect, label: string): string {
    if (typeof value !== 'string') throw misfit(label, 'a text', value)
    // Each code point is one or two units.
    if (value.length > this.length && countCharacters(value) > this.length)
      throw outOfRange(label, `a text of at most ${this.length} characters`)
    return value
  }

  override decoder(_dialect: Dialect, label: string): Decode {
    return decodeText(label)
  }
}

function countCharacters(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

/** Texts of any length. */
export class TextType extends ColumnType {
  override readonly kind = 'text'

  override sqlType(dialect: Dialect, _strict: boolean): string {
    // MySQL's TEXT ends at 65,535 bytes.
    return dialect.name === 'mysql' ? 'longtext' : 'text'
  }

  override encode(value: unknown, _dialect: Dialect, label: string): string {
    if (typeof value !== 'string') throw misfit(label, 'a text', value)
    return value
  }

  override decoder(_dialect: Dialect, label: string): Decode {
    return decodeText(label)
  }
}

/** One text out of a list. */
export class EnumerationType extends ColumnType {
  override readonly kind = 'enumeration'
  readonly values: readonly string[]
  /** PostgreSQL: of the type that holds the list; without one it is a VARCHAR with a check. */
  readonly name: string | undefined
  readonly #set: ReadonlySet<unknown>

  /** @throws {TypeError} the list is empty, repeats itself or holds something else than texts */
  constructor(values: readonly string[], name: string | undefined) {
    super()
    this.#set = new Set(values)
    if (values.length === 0 || this.#set.size !== values.length || values.some((value) => typeof value !== 'string')) {
      throw new TypeError('enumeration(values) takes a list of different texts.')
    }
    this.values = Object.freeze([...values])
    this.name = name
  }

  /** Most characters of a value. */
  get length(): number {
    return Math.max(1, ...this.values.map(countCharacters))
  }

  /** The column is kept to the list by a check of its own. */
  checked(dialect: Dialect): boolean {
    return dialect.name === 'sqlite' || (dialect.name === 'postgresql' && this.name === undefined)
  }

  override sqlType(dialect: Dialect, strict: boolean): string {
    if (strict) return 'text'
    if (dialect.name === 'mysql') return `enum(${this.values.map((value) => quoteText(value, dialect)).join(', ')})`
    if (dialect.name === 'postgresql' && this.name !== undefined) return dialect.quoteIdentifier(this.name)
    return `varchar(${this.length})`
  }

  override encode(value: unknown, _dialect: Dialect, label: string): string {
    if (typeof value !== 'string') throw misfit(label, 'a text', value)
    if (!this.#set.has(value)) throw outOfRange(label, `one of ${this.values.map((text) => JSON.stringify(text)).join(', ')}`)
    return value
  }

  override decoder(_dialect: Dialect, label: string): Decode {
    const decode = decodeText(label)
    // MySQL's of the character set "binary" are bytes to its driver.
    return (value) => decode(Buffer.isBuffer(value) ? value.toString() : value)
  }
}

/** A text as a literal of SQL, for DDL, where parameters cannot stand. */
export function quoteText(text: string, { name }: Dialect): string {
  const escaped = text.replaceAll("'", "''")
  return `'${name === 'mysql' ? escaped.replaceAll('\\', '\\\\') : escaped}'`
}

const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** UUIDs as texts, in small letters. */
export class UuidType extends ColumnType {
  override readonly kind = 'uuid'

  override sqlType(dialect: Dialect, strict: boolean): string {
    if (strict) return 'text'
    return dialect.name === 'mysql' ? 'char(36)' : 'uuid'
  }

  override encode(value: unknown, _dialect: Dialect, label: string): string {
    if (typeof value !== 'string') throw misfit(label, 'a UUID as a text', value)
    if (!uuidForm.test(value)) throw outOfRange(label, 'a UUID: 32 hexadecimal digits as 8-4-4-4-12')
    return value.toLowerCase()
  }

  override decoder(_dialect: Dialect, label: string): Decode {
    return (value) => {
      if (typeof value === 'string' && uuidForm.test(value)) return value.toLowerCase()
      throw unreadable(label, 'a UUID', value)
    }
  }
}

/** Bytes. */
export class BlobType extends ColumnType {
  override readonly kind = 'blob'

  override sqlType(dialect: Dialect, _strict: boolean): string {
    if (dialect.name === 'postgresql') return 'bytea'
    return dialect.name === 'mysql' ? 'longblob' : 'blob'
  }

  override encode(value: unknown, _dialect: Dialect, label: string): unknown {
    if (value instanceof Uint8Array || value instanceof ArrayBuffer) return value
    throw misfit(label, 'a Buffer, Uint8Array or ArrayBuffer', value)
  }

  override decoder(_dialect: Dialect, label: string): Decode {
    return (value) => {
      if (Buffer.isBuffer(value)) return value
      throw unreadable(label, 'bytes', value)
    }
  }
}

/** A type that is none of these, as a reflected column has it: its values go in and come out as the engine's do. */
export class OtherType extends ColumnType {
  override readonly kind = 'other'
  readonly name: string

  constructor(name: string) {
    super()
    this.name = name
  }

  override sqlType(): string {
    return this.name
  }

  override encode(value: unknown): unknown {
    return value
  }

  override decoder(): null {
    return null
  }
}
