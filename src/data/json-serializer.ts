import { types } from 'node:util'
import { describeValue } from '../sql/parameters.ts'

/**
 * The JSON text of rows and whatever stands in them: a Date with its time as ISO 8601, a bigint as a text with every digit, bytes as base64, a
 * Set as a list, a Map as an object, and a member of an enumeration class (`static readonly red = new Color('red')`) as its `value`. What has a
 * `toJSON()` of its own is asked for it.
 *
 * @throws {TypeError} something in it would be lost: a function, a symbol, a promise, undefined in a list, an object that holds itself
 * @throws {RangeError} NaN, infinity, or an invalid Date, which JSON does not know
 */
export function jsonSerializer(value: unknown): string {
  return JSON.stringify(plain(value, []))
}

/** What JSON.stringify takes as it is. Objects are made anew: it would not notice one that a Map or a Set of its own holds. */
function plain(value: unknown, holders: readonly object[]): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw new RangeError('JSON has no NaN and no infinity: store null or a text in their place.')
      return value
    case 'bigint':
      return value.toString()
    case 'object':
      return value === null ? null : plainObject(value, holders)
    default:
      throw new TypeError(
        `JSON has no place for ${describeValue(value)}: expected null, a boolean, number, bigint, text, Date, bytes, list or object.`,
      )
  }
}

function plainObject(value: object, holders: readonly object[]): unknown {
  if (types.isDate(value)) {
    if (Number.isNaN(value.getTime())) throw new RangeError('JSON has no invalid Date: store null in its place.')
    return value.toISOString()
  }
  if (types.isUint8Array(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  if (types.isAnyArrayBuffer(value)) return Buffer.from(value).toString('base64')
  if (ArrayBuffer.isView(value) || types.isPromise(value)) {
    throw new TypeError(`JSON has no place for ${describeValue(value)}${types.isPromise(value) ? ': await it first' : ''}.`)
  }
  if (types.isBoxedPrimitive(value)) return plain(value.valueOf(), holders)
  if (holders.includes(value)) throw new TypeError('The value holds itself: JSON has no place for a circle of objects.')
  const inside = [...holders, value]
  if (Array.isArray(value)) return Array.from(value, (element) => plain(element, inside))
  if (types.isSet(value)) return Array.from(value, (element) => plain(element, inside))
  if (types.isMap(value))
    return fromEntries(
      [...value].map(([key, member]) => [mapKey(key), member]),
      inside,
    )
  if (isEnumMember(value)) return plain(value.value, inside)
  if ('toJSON' in value && typeof value.toJSON === 'function') return plain(value.toJSON(), inside)
  return fromEntries(Object.entries(value), inside)
}

function mapKey(key: unknown): string {
  if (typeof key === 'string') return key
  throw new TypeError(`A Map becomes an object of JSON by its keys: expected texts, found ${describeValue(key)}.`)
}

/** A property that is undefined is left out, as everywhere. A name such as `__proto__` is one like any other. */
function fromEntries(entries: readonly (readonly [string, unknown])[], holders: readonly object[]): object {
  return Object.fromEntries(entries.filter(([, member]) => member !== undefined).map(([name, member]) => [name, plain(member, holders)]))
}

/** One of the static members of its own class, with a value: what stands for an enumeration where there are no enums. */
function isEnumMember(value: object): value is { readonly value: unknown } {
  const maker: unknown = Object.getPrototypeOf(value)?.constructor
  if (typeof maker !== 'function' || maker === Object || !Object.hasOwn(value, 'value')) return false
  return Object.values(maker).includes(value)
}
