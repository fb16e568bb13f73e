import type { Dialect } from '../../sql/dialect.ts'
import { ColumnType, type Decode, misfit, outOfRange, type TypeNames, typeName, unreadable } from '../column-type.ts'

interface Size {
  readonly names: TypeNames
  /** Of a server's column, in bits; SQLite's hold 64 whatever they are called. */
  readonly bits: number
}

const sizes: Readonly<Record<'integer' | 'smallInteger', Size>> = {
  integer: { names: { sqlite: 'integer', postgresql: 'integer', mysql: 'int', strict: 'integer' }, bits: 32 },
  smallInteger: { names: { sqlite: 'smallint', postgresql: 'smallint', mysql: 'smallint', strict: 'integer' }, bits: 16 },
}

/** Whole numbers as JavaScript numbers. */
export class IntegerType extends ColumnType {
  override readonly kind: 'integer' | 'smallInteger'
  override readonly countable = true

  constructor(kind: 'integer' | 'smallInteger') {
    super()
    this.kind = kind
  }

  override sqlType(dialect: Dialect, strict: boolean): string {
    return typeName(sizes[this.kind].names, dialect, strict)
  }

  override encode(value: unknown, dialect: Dialect, label: string): number {
    if (typeof value !== 'number') throw misfit(label, 'a whole number', value)
    const { bits } = sizes[this.kind]
    const limit = dialect.embedded ? Number.MAX_SAFE_INTEGER : 2 ** (bits - 1) - 1
    const lowest = dialect.embedded ? -limit : -limit - 1
    if (!Number.isInteger(value) || value < lowest || value > limit) {
      throw outOfRange(label, `a whole number between ${lowest} and ${limit}`)
    }
    return value
  }

  override decoder(_dialect: Dialect, label: string): Decode | null {
    return (value) => {
      if (Number.isSafeInteger(value)) return value
      if (typeof value !== 'bigint') throw unreadable(label, 'a whole number', value)
      const number = Number(value)
      if (!Number.isSafeInteger(number)) throw unreadable(label, 'a whole number within 2^53: use bigInteger()', value)
      return number
    }
  }
}

const bigNames: TypeNames = { sqlite: 'bigint', postgresql: 'bigint', mysql: 'bigint', strict: 'integer' }
const minimum = -(2n ** 63n)
const maximum = 2n ** 63n - 1n

/** Whole numbers of 64 bits, as bigints. */
export class BigIntegerType extends ColumnType {
  override readonly kind = 'bigInteger'
  override readonly bigints = true
  override readonly countable = true

  override sqlType(dialect: Dialect, strict: boolean): string {
    return typeName(bigNames, dialect, strict)
  }

  override encode(value: unknown, _dialect: Dialect, label: string): bigint {
    if (typeof value === 'number') {
      if (!Number.isSafeInteger(value)) throw outOfRange(label, 'a whole number within 2^53, or a bigint')
      return BigInt(value)
    }
    if (typeof value !== 'bigint') throw misfit(label, 'a bigint or a whole number', value)
    if (value < minimum || value > maximum) throw outOfRange(label, 'a bigint of 64 bits')
    return value
  }

  override decoder(_dialect: Dialect, label: string): Decode {
    return (value) => {
      if (typeof value === 'bigint') return value
      if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
      throw unreadable(label, 'a whole number', value)
    }
  }
}

/** Whole numbers of MySQL that are never negative, as JavaScript numbers. Elsewhere they are those of a size that holds them. */
export class UnsignedIntegerType extends IntegerType {
  readonly bits: 8 | 16 | 24 | 32

  constructor(bits: 8 | 16 | 24 | 32) {
    super('integer')
    this.bits = bits
  }

  override sqlType(dialect: Dialect, strict: boolean): string {
    if (dialect.name === 'mysql') return unsignedNames[this.bits]
    return dialect.name === 'postgresql' && this.bits === 32 ? 'bigint' : super.sqlType(dialect, strict)
  }

  override encode(value: unknown, _dialect: Dialect, label: string): number {
    if (typeof value !== 'number') throw misfit(label, 'a whole number', value)
    const limit = 2 ** this.bits - 1
    if (!Number.isInteger(value) || value < 0 || value > limit) throw outOfRange(label, `a whole number between 0 and ${limit}`)
    return value
  }
}

const unsignedNames = { 8: 'tinyint unsigned', 16: 'smallint unsigned', 24: 'mediumint unsigned', 32: 'int unsigned' } as const

/** Whole numbers of MySQL's BIGINT UNSIGNED, as bigints. Elsewhere they are a BIGINT, whose upper half is missing. */
export class UnsignedBigIntegerType extends BigIntegerType {
  override sqlType(dialect: Dialect, strict: boolean): string {
    return dialect.unsignedIntegers ? 'bigint unsigned' : super.sqlType(dialect, strict)
  }

  override encode(value: unknown, dialect: Dialect, label: string): bigint {
    if (!dialect.unsignedIntegers || typeof value !== 'bigint') return this.#positive(super.encode(value, dialect, label), label)
    if (value >= 2n ** 64n) throw outOfRange(label, 'a bigint of 64 bits, not negative')
    return this.#positive(value, label)
  }

  #positive(value: bigint, label: string): bigint {
    if (value < 0n) throw outOfRange(label, 'a whole number that is not negative')
    return value
  }
}
