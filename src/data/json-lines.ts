import { DataError } from '../errors.ts'
import { parseJson } from './json-text.ts'
import { maxHeld } from './limits.ts'
import type { TextSource } from './text-source.ts'

/** One line of a JSON Lines file. */
export interface JsonLine {
  /** Counted from 1. */
  readonly line: number
  readonly text: string
}

/**
 * The lines of a source that have something in them, some at a time, in bounded memory. Only a line feed ends one: `node:readline` would also
 * break a text in two that has U+2028 in it, as JSON allows.
 *
 * @throws {DataError} the source is not UTF-8
 */
export async function* jsonLines(source: TextSource): AsyncGenerator<readonly JsonLine[]> {
  let line = 0
  let rest = ''
  for await (const piece of source.pieces()) {
    const parts = piece.split('\n')
    parts[0] = rest + parts[0]
    rest = parts.pop() as string
    if (rest.length > maxHeld) throw new DataError(`Line ${line + 1}: expected lines of at most ${maxHeld} characters.`)
    yield parts.map((text) => ({ line: ++line, text })).filter(hasSomething)
  }
  yield [{ line: line + 1, text: rest }].filter(hasSomething)
}

function hasSomething({ text }: JsonLine): boolean {
  return text.trim() !== ''
}

/**
 * The value of a line.
 *
 * @throws {DataError} it is no JSON
 */
export function parseLine({ line, text }: JsonLine): unknown {
  return parseJson(text, { line, column: 1 })
}
