import type { ColumnKind, ColumnType } from '../../schema/column-type.ts'
import { NumericType } from '../../schema/types/numbers.ts'
import { StringType } from '../../schema/types/texts.ts'

const texts: readonly ColumnKind[] = ['string', 'text', 'enumeration']
const numbers: readonly ColumnKind[] = ['integer', 'bigInteger', 'smallInteger', 'float', 'numeric']

/** How a value becomes one of the new type, written as the engine writes one. What cannot stays as it is. */
export function converted(value: string, { stored: from }: ColumnType, { stored: to }: ColumnType): string {
  if (to instanceof NumericType) return decimal(value, from, to)
  switch (to.kind) {
    case 'integer':
    case 'bigInteger':
    case 'smallInteger':
      // A whole number is left alone: to round one is to make a REAL of it.
      return from.kind === 'float' || isNarrow(from) ? `case when typeof(${value}) = 'real' then round(${value}) else ${value} end` : value
    case 'date':
      return from.kind === 'dateTime' ? `coalesce(date(${value}), ${value})` : value
    case 'dateTime':
      return from.kind === 'date' ? `coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', ${value}), ${value})` : value
    case 'time':
      return from.kind === 'dateTime' ? `coalesce(rtrim(rtrim(strftime('%H:%M:%f', ${value}), '0'), '.'), ${value})` : value
    case 'blob':
      return from.kind === 'blob' ? value : `cast(${value} as blob)`
    default:
      return from.kind === 'blob' && texts.includes(to.kind) ? `cast(${value} as text)` : value
  }
}

/** When a value is none of the new type, or null where that is not looked at: SQLite stores whatever it is given. */
export function misfits(value: string, { stored: from }: ColumnType, { stored: to }: ColumnType): string | null {
  if (to instanceof StringType) return `length(${value}) > ${to.length}`
  if (to instanceof NumericType)
    return to.wide ? misfitsWide(value, from, to) : `${isNoNumber(value)} or abs(${value}) >= 1e${to.precision - to.scale}`
  if (from.kind === to.kind) return null
  switch (to.kind) {
    case 'integer':
    case 'smallInteger':
      return `${isNotWhole(value)} or ${value} not between ${Number.MIN_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}`
    case 'bigInteger':
      return isNotWhole(value)
    case 'float':
      return isNoNumber(value)
    case 'boolean':
      return `${value} not in (0, 1)`
    case 'date':
      return `${value} is not date(${value})`
    case 'dateTime':
      return `${value} is not null and (julianday(${value}) is null or substr(${value}, 1, 10) is not date(substr(${value}, 1, 10)))`
    case 'time':
      return `${value} is not null and time(${value}) is null`
    case 'json':
      return `not json_valid(${value})`
    default:
      return null
  }
}

function isNotWhole(value: string): string {
  return `typeof(${value}) not in ('integer', 'null')`
}

function isNoNumber(value: string): string {
  return `typeof(${value}) not in ('integer', 'real', 'null')`
}

function isNarrow(type: ColumnType): boolean {
  return type.kind === 'numeric' && !(type instanceof NumericType && type.wide)
}

function decimal(value: string, from: ColumnType, to: NumericType): string {
  const number = `cast(${value} as numeric)`
  // Only a text that is a number as a whole equals what it is cast to.
  if (!to.wide) return `case when ${number} = ${value} then round(${number}, ${to.scale}) else ${value} end`
  if (from instanceof NumericType && from.wide) return rescaled(value, from.scale, to.scale)
  if (!numbers.includes(from.kind)) return value
  const zeros = to.scale === 0 ? '' : `.${'0'.repeat(to.scale)}`
  // No zero is negative: as a text it would be another one.
  const rounded = `printf('%.${to.scale}f', round(${value}, ${to.scale}) + 0.0)`
  return `case typeof(${value}) when 'integer' then ${value} || '${zeros}' when 'real' then ${rounded} else ${value} end`
}

/** A decimal number that is a text, with more or less digits behind the point; one that would lose a digit stays as it is. */
function rescaled(value: string, was: number, is: number): string {
  if (was === is) return value
  if (was < is) return `${value} || '${was === 0 ? '.' : ''}${'0'.repeat(is - was)}'`
  const lost = was - is
  const kept = `substr(${value}, 1, length(${value}) - ${is === 0 ? lost + 1 : lost})`
  return `case when substr(${value}, -${lost}) = '${'0'.repeat(lost)}' then ${kept} else ${value} end`
}

/** Texts of other columns are not looked at: numbers stand in them in many ways. */
function misfitsWide(value: string, from: ColumnType, { precision, scale }: NumericType): string | null {
  if (!numbers.includes(from.kind)) return null
  const digits = Math.max(precision - scale, 1) + (scale === 0 ? 0 : scale + 1)
  const point = scale === 0 ? `instr(${value}, '.') > 0` : `instr(${value}, '.') <> length(${value}) - ${scale}`
  return `length(ltrim(${value}, '-')) > ${digits} or ${point}`
}
