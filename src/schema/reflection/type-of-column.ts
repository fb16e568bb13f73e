import type { Dialect } from '../../sql/dialect.ts'
import type { ColumnType } from '../column-type.ts'
import type { ColumnDescription } from '../inspection/descriptions.ts'
import type { IntegerTypeInfo, NumericTypeInfo, TypeInfo } from '../inspection/type-info.ts'
import { BigIntegerType, IntegerType, UnsignedBigIntegerType, UnsignedIntegerType } from '../types/integers.ts'
import { JsonType } from '../types/json.ts'
import { BooleanType, FloatType, NumericType } from '../types/numbers.ts'
import { DateTimeType, DateType, TimeType } from '../types/temporal.ts'
import { BlobType, EnumerationType, OtherType, StringType, TextType, UuidType } from '../types/texts.ts'
import { ReflectedType } from './reflected-type.ts'

/** A double keeps that many decimal digits: what a column of SQLite's NUMERIC affinity can hold. */
const exactDigits = 15

/** Where a column is, as far as its type depends on it. */
export interface TypePlace {
  readonly dialect: Dialect
  readonly strict: boolean
  /** As it was asked for; undefined is where a name without a schema leads. */
  readonly schema: string | undefined
}

/** The column type that has these values; spelled as the database does, where the type would spell itself differently. */
export function typeOfColumn(column: ColumnDescription, { dialect, strict, schema }: TypePlace): ColumnType {
  const { type, typeInfo, autoIncrement } = column
  // TINYINT(1) that counts is a number after all.
  const isNumber = autoIncrement && typeInfo.kind === 'boolean'
  const base = isNumber ? new IntegerType('integer') : (wideDecimal(type, dialect) ?? baseType(typeInfo, dialect))
  const spelled = dialect.name === 'sqlite' ? sqliteType(type, dialect) : type
  if (base === null) return new OtherType(spelled)
  if (isOwnEnumeration(column, dialect, schema)) return base
  // MariaDB calls it LONGTEXT, with a check.
  if (typeInfo.kind === 'json' && dialect.name === 'mysql') return base
  return normal(base.sqlType(dialect, strict)) === normal(type) ? base : new ReflectedType(base, spelled, dialect)
}

/** A type of PostgreSQL's that tables of this schema can have created for them: no domain over one, and none of another schema. */
function isOwnEnumeration({ type, typeInfo, domain }: ColumnDescription, dialect: Dialect, schema: string | undefined): boolean {
  if (typeInfo.kind !== 'enumeration' || typeInfo.typeName === null || domain !== null) return false
  if (schema !== undefined) return typeInfo.typeSchema === schema
  return [typeInfo.typeName, dialect.quoteIdentifier(typeInfo.typeName)].includes(type)
}

/** To SQLite a type is whatever text stands there: one that is more than words, and a size, is a quoted name. */
function sqliteType(type: string, dialect: Dialect): string {
  return /^(?:[a-z_][\w ]*(?:\(\s*[+-]?\d+(?:\s*,\s*[+-]?\d+)?\s*\))?)?$/i.test(type) ? type : dialect.quoteIdentifier(type)
}

/** Databases do not agree with themselves about blanks, capitals and the names of some types. */
function normal(type: string): string {
  const plain = type.toLowerCase().replaceAll(' ', '')
  return (
    aliases.get(plain) ??
    plain
      .replace(/^charactervarying/, 'varchar')
      .replace(/^int\(\d+\)$/, 'int')
      .replace(/^(smallint|bigint)\(\d+\)$/, '$1')
  )
}

const aliases: ReadonlyMap<string, string> = new Map([
  ['timestampwithouttimezone', 'timestamp'],
  ['timewithouttimezone', 'time'],
])

function baseType(info: TypeInfo, dialect: Dialect): ColumnType | null {
  switch (info.kind) {
    case 'integer':
      return integerType(info, dialect)
    case 'float':
      return info.unsigned ? null : new FloatType()
    case 'numeric':
      return numericType(info, dialect)
    case 'boolean':
      return new BooleanType()
    case 'string':
      return info.length === null || info.length < 1 ? new TextType() : new StringType(info.length)
    case 'text':
      return new TextType()
    case 'binary':
      return new BlobType()
    case 'date':
      return new DateType()
    case 'time':
      return info.withTimeZone ? null : new TimeType()
    case 'dateTime':
      return new DateTimeType(info.withTimeZone)
    case 'json':
      return new JsonType()
    case 'uuid':
      return new UuidType()
    case 'enumeration':
      return enumerationType(info)
    default:
      return null
  }
}

function integerType({ bits, unsigned }: IntegerTypeInfo, dialect: Dialect): ColumnType | null {
  if (unsigned && dialect.unsignedIntegers) return bits === 64 ? new UnsignedBigIntegerType() : new UnsignedIntegerType(bits)
  if (unsigned && bits === 64) return null
  if (bits === 64) return new BigIntegerType()
  return new IntegerType(bits === 16 && !unsigned ? 'smallInteger' : 'integer')
}

function numericType({ precision, scale, unsigned }: NumericTypeInfo, { name }: Dialect): ColumnType | null {
  if (precision === null || precision < 1 || precision > 65 || unsigned) return null
  const digits = scale ?? 0
  if (digits < 0 || digits > Math.min(precision, 30)) return null
  // Without the name of our own it has SQLite's affinity for numbers, and more digits would be lost.
  return name === 'sqlite' && precision > exactDigits
    ? new NumericType(exactDigits, Math.min(digits, exactDigits))
    : new NumericType(precision, digits)
}

/** SQLite: a decimal number that is held as a text, under the name that `numeric()` gives its type. */
function wideDecimal(type: string, { name }: Dialect): ColumnType | null {
  const [, precision, scale] = (name === 'sqlite' ? /^decimal_text\s*\((\d+),\s*(\d+)\)$/i.exec(type) : null) ?? []
  const [digits, behind] = [Number(precision), Number(scale)]
  return digits >= 1 && digits <= 65 && behind <= Math.min(digits, 30) ? new NumericType(digits, behind) : null
}

function enumerationType({
  values,
  typeName,
}: {
  readonly values: readonly string[]
  readonly typeName: string | null
}): ColumnType | null {
  return values.length === 0 ? null : new EnumerationType(values, typeName ?? undefined)
}
