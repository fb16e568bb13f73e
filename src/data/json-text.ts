import { DataError } from '../errors.ts'
import { printableName } from '../sql/nearest-name.ts'
import { countLines } from './text-source.ts'

/** Where a text begins in its file: both counted from 1. */
export interface TextPlace {
  readonly line: number
  /** In UTF-16 units. */
  readonly column: number
}

/** A number with more digits than a JavaScript number keeps. */
export class ExactNumber {
  /** As JSON writes it. */
  readonly text: string
  readonly rounded: number

  constructor(text: string, rounded: number) {
    this.text = text
    this.rounded = rounded
  }
}

/** Below it a number keeps fewer digits, or none. */
const leastNormal = 2 ** -1022

/** A number keeps 15 decimal digits, whatever they are, and whole numbers up to 2^53. */
export function exactNumber(text: string): number | ExactNumber {
  const value = Number(text)
  return isRounded(text, value) ? new ExactNumber(text, value) : value
}

function isRounded(text: string, value: number): boolean {
  if (/^-?\d+$/.test(text)) return !Number.isSafeInteger(value)
  if (!Number.isFinite(value)) return true
  const mantissa = text.replace(/e.*$/i, '')
  const digits = (mantissa.includes('.') ? mantissa.replace(/0+$/, '') : mantissa).replace(/\D/g, '').replace(/^0+/, '')
  return digits.length > 15 || (Math.abs(value) < leastNormal && digits !== '')
}

/**
 * The value of a JSON text, numbers that would be rounded as `ExactNumber`.
 *
 * @throws {DataError} it is no JSON, or an object in it has a name twice, of which one value would be lost
 */
export function parseJson(text: string, place: TextPlace): unknown {
  let value: unknown
  try {
    // Looking at each number as it is written takes several times as long.
    value = /\d[\d.]{15}|\d[eE][+-]?\d{3}/.test(text) ? JSON.parse(text, keepExact) : JSON.parse(text)
  } catch {
    throw damageIn(text, place)
  }
  if (countNames(text) !== countKeys(value)) throw damageIn(text, place)
  return value
}

/** What `JSON.parse` tells its reviver; TypeScript's library does not have it yet. */
interface SourceText {
  readonly source?: string
}

function keepExact(_key: string, value: unknown, context?: SourceText): unknown {
  return typeof value === 'number' && context?.source !== undefined ? exactNumber(context.source) : value
}

/**
 * The JSON text of a value, with all digits of its exact numbers.
 *
 * @throws {TypeError | RangeError} JSON has no place for something in it
 */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (part instanceof ExactNumber) return rawJson(part.text)
    if (Object.is(part, -0)) return rawJson('-0')
    if (typeof part === 'number' && !Number.isFinite(part)) throw new RangeError('JSON has no NaN and no infinity.')
    if (typeof part === 'string' && !part.isWellFormed()) throw new RangeError('Half a surrogate pair is no text.')
    return part
  })
}

// https://tc39.es/proposal-json-parse-with-source/: Node.js 22 has it; TypeScript's library does not have it yet.
const { rawJSON: rawJson } = JSON as unknown as { readonly rawJSON: (text: string) => object }

/** Texts in front of a colon. */
function countNames(text: string): number {
  let count = 0
  let from = 0
  for (;;) {
    const open = text.indexOf('"', from)
    if (open === -1) return count
    from = endOfText(text, open)
    while (isBlank(text.charCodeAt(from))) from += 1
    if (text.charCodeAt(from) === 0x3a) count += 1
  }
}

function isEscaped(text: string, index: number): boolean {
  let from = index
  while (text.charCodeAt(from - 1) === 0x5c) from -= 1
  return (index - from) % 2 === 1
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09
}

function countKeys(value: unknown): number {
  let count = 0
  const waiting: unknown[] = [value]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (typeof next !== 'object' || next === null || next instanceof ExactNumber) continue
    const members: readonly unknown[] = Object.values(next)
    if (!Array.isArray(next)) count += members.length
    for (const member of members) if (typeof member === 'object') waiting.push(member)
  }
  return count
}

interface Damage {
  readonly offset: number
  readonly complaint: string
}

function damageIn(text: string, place: TextPlace): DataError {
  const { offset, complaint } = findDamage(text) ?? { offset: 0, complaint: 'expected JSON' }
  const before = text.slice(0, offset)
  const lines = countLines(before)
  const column = lines === 0 ? place.column + offset : offset - before.lastIndexOf('\n')
  return new DataError(`Line ${place.line + lines}, column ${column}: ${complaint}.`)
}

/** Of a value of a list or object: all but a text and the marks. */
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null/y

type Expected = 'value' | 'elementOrEnd' | 'name' | 'nameOrEnd' | 'colon' | 'commaOrEnd' | 'nothing'

const expectations: Readonly<Record<Expected, string>> = {
  value: 'a value',
  elementOrEnd: 'a value, or the end of the list',
  name: 'a name in double quotes',
  nameOrEnd: 'a name in double quotes, or the end of the object',
  colon: 'a colon behind a name',
  commaOrEnd: 'a comma, or the end of the list or object',
  nothing: 'one value, and nothing behind it',
}

/** The first thing that is wrong with a JSON text: slow, for those that `JSON.parse` has refused, and does not say where. */
function findDamage(text: string): Damage | null {
  const holders: (Set<string> | null)[] = []
  let expected: Expected = 'value'
  let from = 0
  for (;;) {
    while (isBlank(text.charCodeAt(from))) from += 1
    if (from === text.length && expected === 'nothing') return null
    const token = tokenAt(text, from)
    const next: Following | null = token === null ? null : follow(expected, { ...token, holder: holders.at(-1) })
    if (token === null || next === null)
      return { offset: from, complaint: `expected JSON, here ${expectations[expected]}${from === text.length ? '; found the end' : ''}` }
    if (next.taken !== undefined) return { offset: from, complaint: `the name ${printableName(next.taken)} is there already` }
    if (token.mark === '{') holders.push(new Set())
    if (token.mark === '[') holders.push(null)
    if (token.mark === '}' || token.mark === ']') holders.pop()
    expected = next.expected === 'commaOrEnd' && holders.length === 0 ? 'nothing' : next.expected
    from = token.end
  }
}

interface Token {
  readonly string?: string
  readonly scalar?: string
  readonly mark?: string
  /** Behind it. */
  readonly end: number
}

function tokenAt(text: string, from: number): Token | null {
  const first = text.charAt(from)
  if (first === '"') return textAt(text, from)
  if (first !== '' && '{}[],:'.includes(first)) return { mark: first, end: from + 1 }
  scalar.lastIndex = from
  const [found] = scalar.exec(text) ?? []
  return found === undefined ? null : { scalar: found, end: from + found.length }
}

/** Not by a regular expression: of one that tells the characters apart, a text of megabytes would be too much. */
function textAt(text: string, from: number): Token | null {
  const end = endOfText(text, from)
  if (end === 0) return null
  const string = text.slice(from, end)
  try {
    JSON.parse(string)
    return { string, end }
  } catch {
    return null
  }
}

/** Behind its closing quote; 0 where there is none. */
function endOfText(text: string, open: number): number {
  let close = text.indexOf('"', open + 1)
  while (close !== -1 && isEscaped(text, close)) close = text.indexOf('"', close + 1)
  return close + 1
}

interface Found extends Omit<Token, 'end'> {
  /** The names of the object that it is in; null in a list. */
  readonly holder: Set<string> | null | undefined
}

interface Following {
  readonly expected: Expected
  /** A name that is there already. */
  readonly taken?: string
}

/** What is expected behind something, or null where it cannot stand. */
function follow(expected: Expected, { string, scalar, mark, holder }: Found): Following | null {
  switch (expected) {
    case 'elementOrEnd':
    case 'value':
      if (string !== undefined || scalar !== undefined) return { expected: 'commaOrEnd' }
      if (mark === '{') return { expected: 'nameOrEnd' }
      if (mark === '[') return { expected: 'elementOrEnd' }
      return mark === ']' && expected === 'elementOrEnd' ? { expected: 'commaOrEnd' } : null
    case 'nameOrEnd':
    case 'name': {
      if (mark === '}' && expected === 'nameOrEnd') return { expected: 'commaOrEnd' }
      if (string === undefined) return null
      const name: string = JSON.parse(string)
      if (holder?.has(name)) return { expected: 'colon', taken: name }
      holder?.add(name)
      return { expected: 'colon' }
    }
    case 'colon':
      return mark === ':' ? { expected: 'value' } : null
    case 'commaOrEnd':
      if (mark === ',') return { expected: holder === null ? 'value' : 'name' }
      return mark === (holder === null ? ']' : '}') ? { expected: 'commaOrEnd' } : null
    default:
      return null
  }
}
