import type { Dialect } from '../../sql/dialect.ts'
import { ColumnType, type Decode, misfit, outOfRange, unreadable } from '../column-type.ts'

const dateForm = /^(\d{4})-(\d{2})-(\d{2})$/

/** 'YYYY-MM-DD', of a day that the calendar has. */
export function isDay(text: string): boolean {
  const parts = dateForm.exec(text)
  if (parts === null) return false
  const day = new Date(`${text}T00:00:00.000Z`)
  return !Number.isNaN(day.getTime()) && day.getUTCDate() === Number(parts[3])
}

/** All days but 29 February, of which the year decides. */
const plainDay = /^\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)$/

function isDate(value: unknown): value is Date {
  return value instanceof Date
}

/** Days, as texts 'YYYY-MM-DD'. */
export class DateType extends ColumnType {
  override readonly kind = 'date'

  override sqlType(_dialect: Dialect, strict: boolean): string {
    return strict ? 'text' : 'date'
  }

  override encode(value: unknown, _dialect: Dialect, label: string): string {
    if (isDate(value)) {
      const year = value.getUTCFullYear()
      if (Number.isNaN(value.getTime()) || year < 0 || year > 9999) throw outOfRange(label, 'a Date of the years 0 to 9999')
      return value.toISOString().slice(0, 10)
    }
    if (typeof value !== 'string') throw misfit(label, "a day as 'YYYY-MM-DD', or a Date", value)
    if (!isDay(value)) throw outOfRange(label, "a day as 'YYYY-MM-DD'")
    return value
  }

  override decoder({ embedded }: Dialect, label: string): Decode {
    return (value) => {
      // A server's column holds days alone, some of which are no such text: 'infinity'.
      if (typeof value === 'string' && (!embedded || plainDay.test(value) || isDay(value))) return value
      throw unreadable(label, 'a day', value)
    }
  }
}

const timeForm = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?$/

/** Whoever else has written it may have been more exact. */
const storedTimeForm = /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?$/

/** Times of the day, as texts 'HH:MM:SS' or 'HH:MM:SS.sss'. */
export class TimeType extends ColumnType {
  override readonly kind = 'time'

  override sqlType(dialect: Dialect, strict: boolean): string {
    if (strict) return 'text'
    return dialect.name === 'mysql' ? 'time(3)' : 'time'
  }

  override encode(value: unknown, _dialect: Dialect, label: string): string {
    if (typeof value !== 'string') throw misfit(label, "a time as 'HH:MM:SS[.sss]'", value)
    if (!timeForm.test(value)) throw outOfRange(label, "a time as 'HH:MM:SS[.sss]'")
    return withoutZeros(value)
  }

  override decoder({ embedded }: Dialect, label: string): Decode {
    return (value) => {
      if (typeof value === 'string' && (!embedded || storedTimeForm.test(value))) return withoutZeros(value)
      throw unreadable(label, 'a time', value)
    }
  }
}

/** The databases keep a different number of digits: zeros at the end of the fraction say nothing. */
export function withoutZeros(time: string): string {
  return time.includes('.') ? time.replace(/\.?0+$/, '') : time
}

/** Each month has the first 28. */
function hasDay(iso: string): boolean {
  return Number(iso.slice(8, 10)) <= 28 || isDay(iso.slice(0, 10))
}

/** A zone at the end of a text. Where there is none, the time is UTC's. */
const zoned = /(?:Z|[+-]\d{2}(?::?\d{2})?)$/i

/** Moments, as Dates. Written in UTC; to the millisecond, which is what a Date holds. */
export class DateTimeType extends ColumnType {
  override readonly kind = 'dateTime'
  /** PostgreSQL's TIMESTAMP WITH TIME ZONE. */
  readonly timezone: boolean

  constructor(timezone: boolean) {
    super()
    this.timezone = timezone
  }

  override sqlType(dialect: Dialect, strict: boolean): string {
    if (strict) return 'text'
    if (dialect.name === 'mysql') return 'datetime(3)'
    if (this.timezone) return 'timestamp with time zone'
    return dialect.name === 'postgresql' ? 'timestamp' : 'datetime'
  }

  override encode(value: unknown, _dialect: Dialect, label: string): Date {
    if (!isDate(value)) throw misfit(label, 'a Date', value)
    const year = value.getUTCFullYear()
    if (Number.isNaN(value.getTime()) || year < 0 || year > 9999) throw outOfRange(label, 'a Date of the years 0 to 9999')
    return value
  }

  override decoder(_dialect: Dialect, label: string): Decode {
    return (value) => {
      if (typeof value !== 'string') throw unreadable(label, 'a date and time', value)
      const iso = value.replace(/[ t]/, 'T')
      // A date alone is midnight in UTC to Date as well, and 29 February is 1 March where there is none.
      const date = new Date(zoned.test(iso) || !iso.includes('T') ? iso : `${iso}Z`)
      if (Number.isNaN(date.getTime()) || !hasDay(iso)) throw unreadable(label, 'a date and time', value)
      return date
    }
  }
}
