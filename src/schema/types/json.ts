import type { Dialect } from '../../sql/dialect.ts'
import { describeValue } from '../../sql/parameters.ts'
import { ColumnType, type Decode, unreadable } from '../column-type.ts'

/** JSON documents, as the values they describe. */
export class JsonType extends ColumnType {
  override readonly kind = 'json'

  override sqlType(dialect: Dialect, strict: boolean): string {
    if (strict) return 'text'
    return dialect.name === 'postgresql' ? 'jsonb' : 'json'
  }

  override encode(value: unknown, _dialect: Dialect, label: string): string {
    return toJson(value, label)
  }

  override decoder(dialect: Dialect, label: string): Decode {
    // Servers' drivers have parsed it: a text that comes from them is a JSON text's content.
    if (!dialect.embedded) return (value) => value
    return (value) => {
      // A JSON number in a column of NUMERIC affinity is a number to SQLite.
      if (typeof value === 'number') return value
      if (typeof value === 'bigint') return Number(value)
      if (typeof value !== 'string') throw unreadable(label, 'JSON', value)
      try {
        return JSON.parse(value)
      } catch {
        throw unreadable(label, 'JSON', value)
      }
    }
  }
}

/**
 * The text of a document.
 *
 * @throws {TypeError} something in it would be lost: NaN, infinity, a bigint, a function, undefined in a list, a Map, a Promise, an object that
 * holds itself
 */
export function toJson(value: unknown, label: string): string {
  let lost: string | null = null
  try {
    return JSON.stringify(value, function (this: unknown, key, part: unknown) {
      if (isLost(part, this, key)) {
        lost = typeof part === 'number' ? 'a number that is not finite' : describeValue(part)
        throw new TypeError('lost')
      }
      return part
    })
  } catch (cause) {
    if (lost === null && !(cause instanceof RangeError || cause instanceof TypeError)) throw cause
    throw new TypeError(
      `Column ${label}: expected a value that JSON can hold, found ${lost ?? 'an object that holds itself, or is too deep'}.`,
    )
  }
}

/** A property that is undefined is left out, as everywhere; a function, a symbol, or undefined itself or in a list would be lost. */
function isLost(part: unknown, holder: unknown, key: string): boolean {
  if (typeof part === 'object') return part !== null && !Array.isArray(part) && isOfOwnKind(part)
  if (typeof part === 'number') return !Number.isFinite(part)
  if (typeof part === 'bigint' || typeof part === 'function' || typeof part === 'symbol') return true
  return part === undefined && (key === '' || Array.isArray(holder))
}

/** What JSON would make `{}` of, or a list of numbers under names: a Map, a Promise that nobody has awaited, a RegExp, bytes. */
function isOfOwnKind(part: object): boolean {
  return Symbol.toStringTag in part || Symbol.iterator in part || part instanceof Error || part instanceof RegExp
}
