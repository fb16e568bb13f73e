import type { DriverValue } from './driver.ts'
import { isNestedTooDeep, maxJsonDepth } from './json-depth.ts'
import { isReadExactly } from './json-number.ts'
import { DriverFault } from './sqlite-errors.ts'

/** Only such a text can hold a number that JavaScript would round: the shortest has 16 digits, or an exponent. */
const mayRound = /\d{16}|\d[eE]\+?\d{2}/
const integer = /^-?\d+$/

/**
 * The value of a JSON text. What a server calls JSON and is none stays a text.
 *
 * @throws {DriverFault} `data`: an integer in it has digits that no number holds, or it is nested too deep
 */
export function parseJson(text: string, column: string): DriverValue {
  if (isNestedTooDeep(text)) throw unreadable(column, `is nested deeper than ${maxJsonDepth} levels`)
  try {
    return mayRound.test(text)
      ? JSON.parse(text, (_key, value: unknown, context?: SourceText) => exactly(value, context, column))
      : JSON.parse(text)
  } catch (error) {
    if (error instanceof DriverFault) throw error
    return text
  }
}

/** What `JSON.parse` of Node.js 22 tells its reviver; TypeScript's library does not have it yet. */
interface SourceText {
  readonly source?: string
}

function exactly(value: unknown, context: SourceText | undefined, column: string): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source ?? ''
  if (integer.test(source) ? isReadExactly(source) : Number.isFinite(value)) return value
  throw unreadable(column, 'holds a number that no number of JavaScript holds exactly')
}

function unreadable(column: string, why: string): DriverFault {
  return new DriverFault('data', `The JSON in column "${column}" ${why}. Read it as text: CAST(… AS CHAR).`, {
    driverCode: 'ER_DATA_OUT_OF_RANGE',
  })
}
