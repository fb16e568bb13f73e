import { types } from 'node:util'
import type { WireValue } from '../protocol/values.ts'
import type { Dialect } from './dialect.ts'

/** SQLite's SQLITE_MAX_LENGTH: no text and no blob can be longer. https://www.sqlite.org/limits.html */
const MAX_VALUE_BYTES = 1_000_000_000
/** No UTF-16 text shorter than this has more UTF-8 bytes than `MAX_VALUE_BYTES`: three for each unit at most. */
const MAX_UNMEASURED_LENGTH = Math.floor(MAX_VALUE_BYTES / 3)
const MIN_INTEGER = -(2n ** 63n)
const MAX_INTEGER = 2n ** 63n - 1n
const EXPECTED = 'expected null, boolean, number, bigint, string, Date, Uint8Array, Buffer or ArrayBuffer'

/**
 * Checks one parameter and turns it into what crosses the thread border. Bytes are copied here, into an array of exactly their size:
 * the caller may change or detach his own at once. No message shows the value.
 *
 * @param position counted from 1, or the parameter's name
 * @throws {TypeError} the value is none that SQL knows
 * @throws {RangeError} NaN, an invalid Date, a bigint beyond 64 bits, half a surrogate pair, more than 1,000,000,000 bytes
 */
export function toWireValue(value: unknown, position: number | string, dialect: Dialect): WireValue {
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw new RangeError(`${label(position)} holds half a surrogate pair: no database can store that text.`)
      if (value.length > MAX_UNMEASURED_LENGTH && Buffer.byteLength(value) > MAX_VALUE_BYTES) throw tooLong(position)
      return value
    case 'number':
      if (Number.isNaN(value)) throw new RangeError(`${label(position)} is NaN: SQL has no such number; pass null if that is meant.`)
      return value
    case 'boolean':
      return dialect.nativeBooleans ? value : value ? 1 : 0
    case 'bigint':
      if (value < MIN_INTEGER || value > MAX_INTEGER) throw new RangeError(`${label(position)} is a bigint beyond 64 bits.`)
      return value
    case 'object':
      return value === null ? null : objectToWireValue(value, position)
    default:
      throw unexpected(value, position)
  }
}

function objectToWireValue(value: object, position: number | string): WireValue {
  // `node:util` looks at the object itself: nothing here calls what the caller may have overridden, and a Proxy is refused.
  if (types.isDate(value)) {
    if (Number.isNaN(Date.prototype.getTime.call(value))) throw new RangeError(`${label(position)} is an invalid Date.`)
    return Date.prototype.toISOString.call(value)
  }
  if (types.isUint8Array(value)) return copyBytes(value, position)
  if (types.isArrayBuffer(value)) {
    if (value.detached) throw detached(position)
    return copyBytes(new Uint8Array(value), position)
  }
  throw unexpected(value, position)
}

function copyBytes(bytes: Uint8Array, position: number | string): Uint8Array {
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

function unexpected(value: unknown, position: number | string): TypeError {
  return new TypeError(`${label(position)} is ${describeValue(value)}: ${EXPECTED}.`)
}

function detached(position: number | string): TypeError {
  return new TypeError(`${label(position)} is a detached buffer: its bytes were transferred elsewhere.`)
}

function tooLong(position: number | string): RangeError {
  return new RangeError(`${label(position)} is longer than 1,000,000,000 bytes.`)
}

function label(position: number | string): string {
  return typeof position === 'number' ? `Parameter ${position}` : `Parameter "${position}"`
}
