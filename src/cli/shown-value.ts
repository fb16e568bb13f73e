/** What kind of thing a cell shows: numbers stand on the right, and NULL is no text. */
export type ValueKind = 'null' | 'number' | 'text' | 'other'

export interface ShownValue {
  readonly text: string
  /** Of the whole text, in characters: of bytes only the beginning is made into one. */
  readonly length: number
  readonly kind: ValueKind
}

/**
 * A value as people read it. NULL is NULL; a text that says the same stands in quotes. Control characters are in it still.
 *
 * @param most how many characters are shown: of bytes no more than what tells that there are others is made into a text
 */
export function shownValue(value: unknown, most: number): ShownValue {
  const { text, kind } = value instanceof Uint8Array ? { text: bytesText(value, most), kind: 'other' as const } : textOf(value)
  return { text, kind, length: value instanceof Uint8Array ? 2 * value.byteLength + 3 : text.length }
}

function bytesText(bytes: Uint8Array, most: number): string {
  return `x'${hex(bytes.subarray(0, most))}'`
}

function textOf(value: unknown): Pick<ShownValue, 'text' | 'kind'> {
  switch (typeof value) {
    case 'number':
    case 'bigint':
      return { text: Object.is(value, -0) ? '-0' : String(value), kind: 'number' }
    case 'string':
      return { text: /^'*null'*$/i.test(value) ? `'${value}'` : value, kind: 'text' }
    default:
      if (value === null) return { text: 'NULL', kind: 'null' }
      return { text: typeof value === 'object' ? jsonText(value) : String(value), kind: 'other' }
  }
}

/** A value as a field of CSV: null is nothing, which '' is not. Bytes are hexadecimal digits. */
export function csvText(value: unknown): string | null {
  if (value === null || typeof value === 'string') return value
  if (value instanceof Uint8Array) return hex(value)
  return typeof value === 'object' ? jsonText(value) : String(value)
}

/** A value as JSON: an integer with every digit, bytes as hexadecimal digits, and as texts the numbers that JSON does not know. */
export function jsonText(value: unknown): string {
  switch (typeof value) {
    case 'bigint':
      return value.toString()
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : JSON.stringify(String(value))
    case 'object':
      if (value === null) return 'null'
      if (value instanceof Uint8Array) return JSON.stringify(hex(value))
      if (value instanceof Date) return JSON.stringify(value)
      if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`
      return jsonObject(Object.entries(value))
    default:
      return JSON.stringify(value) ?? 'null'
  }
}

/** An object of JSON; what is undefined is left out. */
export function jsonObject(entries: readonly (readonly [string, unknown])[]): string {
  const members = entries.filter(([, value]) => value !== undefined)
  return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${jsonText(value)}`).join(',')}}`
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
