import { DataError } from '../errors.ts'
import { type DataSource, textOf } from './text-source.ts'

/** One line of a JSON Lines file. */
export interface JsonLine {
  /** Counted from 1. */
  readonly line: number
  readonly text: string
}

/**
 * The lines of a source that have something in them, in bounded memory. Only a line feed ends one: `node:readline` would also break a text in two
 * that has U+2028 in it, as JSON allows.
 *
 * @throws {DataError} the source is not UTF-8
 */
export async function* jsonLines(source: DataSource): AsyncGenerator<JsonLine> {
  let line = 0
  let rest = ''
  for await (const piece of textOf(source)) {
    const parts = piece.split('\n')
    parts[0] = rest + parts[0]
    rest = parts.pop() as string
    for (const text of parts) {
      line += 1
      if (text.trim() !== '') yield { line, text }
    }
  }
  if (rest.trim() !== '') yield { line: line + 1, text: rest }
}

/** A number with more digits than a JavaScript number keeps. */
export class ExactNumber {
  /** As it stands in the text. */
  readonly text: string
  readonly rounded: number

  constructor(text: string, rounded: number) {
    this.text = text
    this.rounded = rounded
  }
}

/**
 * The value of a line.
 *
 * @throws {DataError} it is no JSON
 */
export function parseLine({ line, text }: JsonLine): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const [, position] = /at position (\d+)/.exec(String((cause as Error).message)) ?? []
    const place = position === undefined ? '' : `, column ${Number(position) + 1}`
    // The cause shows the text, and is left behind.
    throw new DataError(`Line ${line}${place}: expected JSON, one value in each line.`)
  }
}

/**
 * The object of a line, by name; numbers that would be rounded are kept as `ExactNumber`.
 *
 * @throws {DataError} it is no JSON, or no object
 */
export function parseRecord(json: JsonLine): readonly (readonly [name: string, value: unknown])[] {
  const value = parseLine(json)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DataError(`Line ${json.line}: expected an object of JSON with the values of a row by column.`)
  }
  // Looking at each number as it is written takes several times as long.
  const exact = /\d[\d.]{15}/.test(json.text) ? exactNumbers(json.text) : null
  return Object.entries(value).map(([name, member]) => {
    const number = exact !== null && Object.hasOwn(exact, name) ? exact[name] : undefined
    return [name, number instanceof ExactNumber ? number : member]
  })
}

type Reviver = (this: unknown, key: string, value: unknown, context?: { readonly source?: string }) => unknown

function exactNumbers(text: string): { readonly [name: string]: unknown } {
  const revive: Reviver = (_, value, context) => {
    const source = context?.source
    return typeof value === 'number' && source !== undefined && isRounded(source, value) ? new ExactNumber(source, value) : value
  }
  return JSON.parse(text, revive) as { readonly [name: string]: unknown }
}

/** A number keeps 15 decimal digits, whatever they are, and whole numbers up to 2^53. */
function isRounded(source: string, value: number): boolean {
  if (/^-?\d+$/.test(source)) return !Number.isSafeInteger(value)
  return source.replace(/e.*$/i, '').replace(/\D/g, '').replace(/^0+/, '').length > 15
}
