/** A year of four digits, AD: whatever else the server writes, `infinity` too, stays as it is. */
const timestamp = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?$/
/** The offset has seconds where a place had its own noon. */
const zonedTimestamp = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?([-+])(\d\d)(?::(\d\d))?(?::(\d\d))?$/

/** `2024-01-31T12:00:00.000`, with microseconds where there are any. */
export function parseTimestamp(text: string): string {
  const [, date, time, fraction] = timestamp.exec(text) ?? []
  return date === undefined ? text : `${date}T${time}.${padFraction(fraction)}`
}

/** As `Date.prototype.toISOString` writes it, in UTC, with microseconds where there are any: a Date that was sent comes back as it was sent. */
export function parseZonedTimestamp(text: string): string {
  const [, date, time, fraction, sign, hours, minutes = '0', seconds = '0'] = zonedTimestamp.exec(text) ?? []
  if (date === undefined) return text
  const offset = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
  if (offset === 0) return `${date}T${time}.${padFraction(fraction)}Z`
  const atUtc = new Date(Date.parse(`${date}T${time}Z`) - (sign === '-' ? -offset : offset) * 1_000).toISOString()
  // In UTC the year may be another one, with a sign, or the year 0, which PostgreSQL does not know.
  return /^\d{4}-/.test(atUtc) && !atUtc.startsWith('0000') ? `${atUtc.slice(0, 19)}.${padFraction(fraction)}Z` : text
}

function padFraction(fraction = ''): string {
  return fraction.padEnd(3, '0')
}
