import type { DialectName } from '../sql/dialect.ts'
import { scanStatement } from '../sql/scan-statement.ts'
import type { Parameters } from '../sql/statement.ts'
import { UsageError } from './failure.ts'

export const parameterHelp = 'a value for ?, $1 or, as name=value, for :name; JSON (7, null, "7"), else a text; may be repeated'

/**
 * The values of a statement's parameters, as they were typed. A statement with names takes `name=value`.
 *
 * @throws {UsageError} one of them has no name, or two have the same
 */
export function readParameters(given: readonly string[] | undefined, sql: string, dialect: DialectName): Parameters | undefined {
  if (given === undefined) return undefined
  if (scanStatement(sql, dialect).style !== 'named') return given.map(readValue)
  const values: Record<string, unknown> = Object.create(null)
  for (const text of given) {
    const equals = text.indexOf('=')
    if (equals < 1) throw new UsageError('The statement names its parameters: expected --param name=value.')
    const name = text.slice(0, equals).replace(/^[:@$]/, '')
    if (name in values) throw new UsageError(`The parameter ${name} is given twice.`)
    values[name] = readValue(text.slice(equals + 1))
  }
  return values
}

/** JSON's own null, true, false, numbers and texts in quotes; anything else is the text that it is, as is a number with more digits than a double has. An integer keeps every digit. */
function readValue(text: string): unknown {
  if (/^-?(?:0|[1-9]\d*)$/.test(text)) {
    const number = Number(text)
    return Number.isSafeInteger(number) && !Object.is(number, -0) ? number : BigInt(text)
  }
  if (!/^(?:null|true|false|-?\d.*|".*")$/s.test(text)) return text
  try {
    const value: unknown = JSON.parse(text)
    return typeof value !== 'number' || decimalOf(text) === decimalOf(String(value)) ? value : text
  } catch {
    return text
  }
}

/** A number by its digits, without zeros at either end, and the power of ten of the last one: two texts of one number have the same. */
function decimalOf(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text) ?? []
  const digits = `${whole}${fraction}`
  const significant = digits.replace(/0+$/, '')
  const power = Number(exponent) - fraction.length + digits.length - significant.length
  return `${sign}${significant.replace(/^0+/, '')}e${/[1-9]/.test(significant) ? power : 0}`
}
