import { types } from 'node:util'
import type { WireValue } from '../protocol/values.ts'
import type { Dialect } from './dialect.ts'

/** SQLite's SQLITE_MAX_LENGTH: no text and no blob can be longer. https://www.sqlite.org/limits.html */
const MAX_VALUE_BYTES = 1_000_000_000
/** No UTF-16 text shorter than this has more UTF-8 bytes than `MAX_VALUE_BYTES`: three for each unit at most. */
const MAX_UNMEASURED_LENGTH = Math.floor(MAX_VALUE_BYTES / 3)
const MIN_INTEGER = -(2n ** 63n)
const MAX_INTEGER = 2n ** 63n - 1n
const MAX_UNSIGNED = 2n ** 64n - 1n
const EXPECTED = 'expected null, boolean, number, bigint, string, Date, Uint8Array, Buffer or ArrayBuffer'
/** PostgreSQL's MAXDIM: no array has more dimensions. A list that holds itself would have no end. */
const MAX_DIMENSIONS = 6

/** Where a value stands: a parameter counted from 1, one with a name, or an element of a list, counted from 1. */
export type ValuePosition = number | string | ElementPosition

interface ElementPosition {
  readonly list: ValuePosition
  /** Of the list that it stands in: 1 for an element of a parameter. */
  readonly dimension: number
  element: number
}

/**
 * Checks one parameter and turns it into what crosses the thread border. Bytes are copied here, into an array of exactly their size:
 * the caller may change or detach his own at once. No message shows the value.
 *
 * @throws {TypeError} the value is none that SQL knows
 * @throws {RangeError} NaN, an invalid Date, half a surrogate pair, more than 1,000,000,000 bytes, or what this database has no room for: a
 * bigint beyond 64 bits, infinity, a NUL character, more than six dimensions
 */
export function toWireValue(value: unknown, position: ValuePosition, dialect: Dialect): WireValue {
  switch (typeof value) {
    case 'string':
      checkText(value, position, dialect)
      return value
    case 'number':
      if (Number.isNaN(value)) throw new RangeError(`${label(position)} is NaN: SQL has no such number; pass null if that is meant.`)
      if (!dialect.infinity && !Number.isFinite(value))
        throw new RangeError(`${label(position)} is infinite: ${dialect.name} has no such number.`)
      return value
    case 'boolean':
      return dialect.nativeBooleans ? value : value ? 1 : 0
    case 'bigint':
      if (value >= MIN_INTEGER && value <= (dialect.unsignedIntegers ? MAX_UNSIGNED : MAX_INTEGER)) return value
      if (dialect.largerIntegers === 'text') return value.toString()
      throw new RangeError(`${label(position)} is a bigint beyond 64 bits.`)
    case 'object':
      return value === null ? null : objectToWireValue(value, position, dialect)
    default:
      throw unexpected(value, position, dialect)
  }
}

function checkText(text: string, position: ValuePosition, dialect: Dialect): void {
  if (!text.isWellFormed()) throw new RangeError(`${label(position)} holds half a surrogate pair: no database can store that text.`)
  if (text.length > MAX_UNMEASURED_LENGTH && Buffer.byteLength(text) > MAX_VALUE_BYTES) throw tooLong(position)
  if (!dialect.nulInText && text.includes('\0')) {
    throw new RangeError(`${label(position)} holds a NUL character: ${dialect.name} cannot store it in a text.`)
  }
}

function objectToWireValue(value: object, position: ValuePosition, dialect: Dialect): WireValue {
  // `node:util` looks at the object itself: nothing here calls what the caller may have overridden, and a Proxy is refused.
  if (types.isDate(value)) {
    if (Number.isNaN(Date.prototype.getTime.call(value))) throw new RangeError(`${label(position)} is an invalid Date.`)
    const iso = Date.prototype.toISOString.call(value)
    return dialect.dates === 'iso' ? iso : iso.slice(0, -1).replace('T', ' ')
  }
  if (types.isUint8Array(value)) return copyBytes(value, position)
  if (types.isArrayBuffer(value)) {
    if (value.detached) throw detached(position)
    return copyBytes(new Uint8Array(value), position)
  }
  if (dialect.arrays && !types.isProxy(value) && Array.isArray(value)) return listToWireValue(value, position, dialect)
  throw unexpected(value, position, dialect)
}

function listToWireValue(list: readonly unknown[], position: ValuePosition, dialect: Dialect): readonly WireValue[] {
  const dimension = typeof position === 'object' ? position.dimension + 1 : 1
  if (dimension > MAX_DIMENSIONS)
    throw new RangeError(`${label(position)} is a list inside ${MAX_DIMENSIONS} others: expected ${MAX_DIMENSIONS} dimensions at most.`)
  const place: ElementPosition = { list: position, dimension, element: 0 }
  const values: WireValue[] = []
  for (let index = 0; index < list.length; index += 1) {
    place.element = index + 1
    values.push(toWireValue(list[index], place, dialect))
  }
  return values
}

function copyBytes(bytes: Uint8Array, position: ValuePosition): Uint8Array {
  if (bytes.byteLength > MAX_VALUE_BYTES) throw tooLong(position)
  try {
    return new Uint8Array(bytes)
  } catch (error) {
    // The one TypeError of this constructor: the buffer behind the view is gone, or has shrunk below it.
    throw error instanceof TypeError ? detached(position) : error
  }
}

/** What a value is, in words that hold nothing of it. Calls no code of the value's own. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'undefined') return 'undefined'
  if (typeof value !== 'object') return `a ${typeof value}`
  if (types.isProxy(value)) return 'a Proxy'
  if (Array.isArray(value)) return 'an array'
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null || prototype === Object.prototype) return 'a plain object'
  const name = classNameOf(prototype as object)
  if (types.isBoxedPrimitive(value)) return `a boxed ${name ?? 'primitive'}`
  return name === undefined ? 'an object' : `an object of class ${name}`
}

function classNameOf(prototype: object): string | undefined {
  if (types.isProxy(prototype)) return undefined
  const maker: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof maker !== 'function' || types.isProxy(maker)) return undefined
  const name: unknown = Object.getOwnPropertyDescriptor(maker, 'name')?.value
  return typeof name === 'string' && name !== '' ? name.slice(0, 60) : undefined
}

function unexpected(value: unknown, position: ValuePosition, { arrays }: Dialect): TypeError {
  const found = describeValue(value)
  return new TypeError(`${label(position)} is ${found}: ${EXPECTED}${arrays ? ', or an array of these' : ''}.${advice[found] ?? ''}`)
}

/** What is likely meant, by what was found. */
const advice: Readonly<Record<string, string>> = {
  'an array': ' A list becomes one parameter for each of its values by join() inside of sql`…`. As JSON it is JSON.stringify(list).',
  'a plain object': ' As JSON it is JSON.stringify(object).',
}

function detached(position: ValuePosition): TypeError {
  return new TypeError(`${label(position)} is a detached buffer: its bytes were transferred elsewhere.`)
}

function tooLong(position: ValuePosition): RangeError {
  return new RangeError(`${label(position)} is longer than 1,000,000,000 bytes.`)
}

function label(position: ValuePosition): string {
  if (typeof position === 'object') return `${label(position.list)}, element ${position.element}`
  return typeof position === 'number' ? `Parameter ${position}` : `Parameter "${position}"`
}
