import type { Dialect } from '../../sql/dialect.ts'
import { ColumnType, type Decode, misfit, outOfRange, type TypeNames, typeName, unreadable } from '../column-type.ts'

const floatNames: TypeNames = { sqlite: 'real', postgresql: 'double precision', mysql: 'double', strict: 'real' }

/** Numbers of 64 bits with a floating point. */
export class FloatType extends ColumnType {
  override readonly kind = 'float'

  override sqlType(dialect: Dialect, strict: boolean): string {
    return typeName(floatNames, dialect, strict)
  }

  override encode(value: unknown, dialect: Dialect, label: string): number {
    if (typeof value !== 'number') throw misfit(label, 'a number', value)
    if (Number.isNaN(value) || (!dialect.infinity && !Number.isFinite(value))) {
      throw outOfRange(label, dialect.infinity ? 'a number that is not NaN' : 'a finite number')
    }
    return value
  }

  override decoder(_dialect: Dialect, label: string): Decode {
    return (value) => {
      if (typeof value === 'number') return value
      if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) return Number(value)
      throw unreadable(label, 'a number', value)
    }
  }
}

const booleanNames: TypeNames = { sqlite: 'boolean', postgresql: 'boolean', mysql: 'tinyint(1)', strict: 'integer' }

/** true and false; 1 and 0 where the database has no booleans. */
export class BooleanType extends ColumnType {
  override readonly kind = 'boolean'

  override sqlType(dialect: Dialect, strict: boolean): string {
    return typeName(booleanNames, dialect, strict)
  }

  override encode(value: unknown, _dialect: Dialect, label: string): boolean {
    if (typeof value !== 'boolean') throw misfit(label, 'true or false', value)
    return value
  }

  override decoder(_dialect: Dialect, label: string): Decode {
    return (value) => {
      if (value === true || value === 1 || value === 1n) return true
      if (value === false || value === 0 || value === 0n) return false
      throw unreadable(label, 'true or false', value)
    }
  }
}

const decimal = /^([+-]?)(\d*)(?:\.(\d*))?$/
/** A double keeps that many decimal digits, whatever they are. */
const exactDigitsOfDouble = 15

/**
 * Decimal numbers of a fixed size, as texts: no digit is lost.
 *
 * SQLite has no such numbers. Up to 15 digits are kept exactly in a column of NUMERIC affinity, which compares and sums as numbers; a wider column
 * holds texts, and is ordered by a text made of each.
 */
export class NumericType extends ColumnType {
  override readonly kind = 'numeric'
  readonly precision: number
  readonly scale: number

  /** @throws {RangeError} not 1 <= precision <= 65 (MySQL's most) or not 0 <= scale <= precision and 30 */
  constructor(precision: number, scale: number) {
    super()
    if (!Number.isInteger(precision) || precision < 1 || precision > 65)
      throw new RangeError('numeric(precision, scale) takes a precision of 1 to 65 digits.')
    if (!Number.isInteger(scale) || scale < 0 || scale > Math.min(precision, 30)) {
      throw new RangeError('numeric(precision, scale) takes a scale of 0 to 30 digits, and no more than the precision.')
    }
    this.precision = precision
    this.scale = scale
  }

  /** Held as text by SQLite, because a double would round it. */
  get wide(): boolean {
    return this.precision > exactDigitsOfDouble
  }

  override sqlType(dialect: Dialect, strict: boolean): string {
    const size = `(${this.precision}, ${this.scale})`
    if (strict) return this.wide ? 'text' : 'any'
    if (dialect.name === 'sqlite' && this.wide) return `decimal_text${size}`
    return `${dialect.name === 'mysql' ? 'decimal' : 'numeric'}${size}`
  }

  override encode(value: unknown, dialect: Dialect, label: string): string | number {
    const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value
    if (typeof text !== 'string') throw misfit(label, 'a decimal number as a text', value)
    const canonical = this.#canonical(text)
    if (canonical === null) {
      throw outOfRange(
        label,
        `a decimal number of at most ${this.precision - this.scale} digits before the point and ${this.scale} behind it`,
      )
    }
    return dialect.name === 'sqlite' && !this.wide ? Number(canonical) : canonical
  }

  override decoder(_dialect: Dialect, label: string): Decode {
    return (value) => {
      if (typeof value === 'number' && Number.isFinite(value))
        return Math.abs(value) < 1e21 ? value.toFixed(this.scale) : unreadableDecimal(label, value)
      if (typeof value === 'bigint') return this.scale === 0 ? value.toString() : `${value}.${'0'.repeat(this.scale)}`
      return typeof value === 'string' ? (this.#canonical(value) ?? value) : unreadableDecimal(label, value)
    }
  }

  /** With exactly `scale` digits behind the point and no needless one before it, or null where a digit would be lost. */
  #canonical(text: string): string | null {
    const [, sign = '', whole = '', fraction = ''] = decimal.exec(text) ?? []
    if (whole === '' && fraction === '') return null
    const digits = whole.replace(/^0+/, '')
    const rest = fraction.replace(/0+$/, '')
    if (digits.length > this.precision - this.scale || rest.length > this.scale) return null
    const number = `${digits === '' ? '0' : digits}${this.scale > 0 ? `.${rest.padEnd(this.scale, '0')}` : ''}`
    return sign === '-' && /[1-9]/.test(number) ? `-${number}` : number
  }
}

function unreadableDecimal(label: string, value: unknown): never {
  throw unreadable(label, 'a decimal number', value)
}
