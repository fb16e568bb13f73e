import type { DriverValue } from './driver.ts'
import { DriverFault } from './sqlite-errors.ts'

/** A text without such a run of digits, and without an exponent, holds no number that could be rounded. */
const mayBeRounded = /\d[\d.]{15}|\d[eE][-+]?\d/
/** A string, so that what looks like a number inside it is passed over, or a number. */
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?/gs
/** So many digits of a decimal number any double keeps. */
const exactDigits = 15

/**
 * The value of a JSON text.
 *
 * @throws {DriverFault} `data`: a number in it is one that JavaScript would round
 */
export function parseJson(text: string): DriverValue {
  if (mayBeRounded.test(text)) {
    for (const match of text.matchAll(stringOrNumber)) if (match[1] !== undefined) assertExact(match)
  }
  return JSON.parse(text) as DriverValue
}

function assertExact([literal, whole = '', fraction = '', exponent = '0']: RegExpExecArray): void {
  const value = Number(literal)
  const written = toDecimal(whole, fraction, exponent)
  // A long id is refused always, and not only where it happens to be one that would be rounded. jsonb writes 1e22 out: that has few digits.
  const isLongInteger = fraction === '' && exponent === '0' && !Number.isSafeInteger(value) && written.digits.length > exactDigits
  const [, readWhole = '', readFraction = '', readExponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:e([-+]?\d+))?$/.exec(String(value)) ?? []
  const read = toDecimal(readWhole, readFraction, readExponent)
  if (!isLongInteger && read.digits === written.digits && (read.digits === '' || read.exponent === written.exponent)) return
  throw new DriverFault(
    'data',
    'holds JSON with a number that JavaScript cannot hold exactly. Cast it to text, and read it with a parser that can.',
  )
}

/** Digits without the zeros before and behind them, and the power of ten they are to be multiplied with. */
function toDecimal(whole: string, fraction: string, exponent: string): { readonly digits: string; readonly exponent: number } {
  const all = `${whole}${fraction}`
  const digits = all.replace(/0+$/, '')
  return { digits: digits.replace(/^0+/, ''), exponent: Number(exponent) - fraction.length + (all.length - digits.length) }
}
