import type { DriverValue } from './driver.ts'
import { isNestedTooDeep, maxJsonDepth } from './json-depth.ts'
import { isReadExactly } from './json-number.ts'
import { DriverFault } from './sqlite-errors.ts'

/** A text without such a run of digits, and without an exponent, holds no number that could be rounded. */
const mayBeRounded = /\d[\d.]{15}|\d[eE][-+]?\d/
/** A string, so that what looks like a number inside it is passed over, or a number. */
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?/gs
/** The least number of a column of the type json that is refused: a text keeps the integer behind it, which is read as the same. */
const firstUnsafe = 2 ** 53

/**
 * The value of a JSON text.
 *
 * @throws {DriverFault} `data`: a number in it is one that JavaScript would round, or it is nested too deep
 */
export function parseJson(text: string): DriverValue {
  return parse(text, (literal) => isReadExactly(literal) && Math.abs(Number(literal)) !== firstUnsafe)
}

/** The same for jsonb. Whatever JavaScript has written can be read, and jsonb writes its numbers out. */
export function parseJsonb(text: string): DriverValue {
  return parse(text, isReadExactly)
}

function parse(text: string, isExact: (literal: string) => boolean): DriverValue {
  if (mayBeRounded.test(text)) {
    for (const [literal, whole] of text.matchAll(stringOrNumber)) {
      if (whole !== undefined && !isExact(literal)) throw unreadable('with a number that JavaScript cannot hold exactly')
    }
  }
  if (isNestedTooDeep(text)) throw unreadable(`that is nested deeper than ${maxJsonDepth} levels`)
  return JSON.parse(text) as DriverValue
}

function unreadable(what: string): DriverFault {
  return new DriverFault('data', `holds JSON ${what}. Cast it to text, and read it with a parser that can.`)
}
