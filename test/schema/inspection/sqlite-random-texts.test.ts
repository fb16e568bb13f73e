import Database from 'better-sqlite3'
import { afterAll, expect, test } from 'vitest'
import { NotSupportedError } from '../../../src/errors.ts'
import { parseTableText, type TableText } from '../../../src/schema/inspection/sqlite/table-text.ts'
import { tokenize } from '../../../src/schema/inspection/sqlite/tokens.ts'
import { Random, seed } from '../../soak/random.ts'
import { randomTable } from './random-table.ts'
import { factsOfPragmas, factsOfText, uniqueIndexes, uniqueTexts } from './table-facts.ts'
import { tableTexts } from './table-texts.ts'

const random = new Random(seed)
const database = new Database(':memory:')
database.pragma('foreign_keys = off')
afterAll(() => database.close())

/** Has SQLite make the table, if it takes it, and gives what its schema keeps. */
function made(sql: string): string | undefined {
  database.exec('drop table if exists t')
  try {
    database.exec(sql)
  } catch {
    return undefined
  }
  return database.prepare("select sql from sqlite_schema where type = 'table' and name = 't'").pluck().get() as string | undefined
}

function expectAgreement(text: TableText, sql: string): void {
  expect(factsOfText(database, text), `SEED=${seed}: ${sql}`).toEqual(factsOfPragmas(database))
  expect(uniqueTexts(text), `SEED=${seed}: ${sql}`).toEqual(expect.arrayContaining([...uniqueIndexes(database)]))
}

test('1,000 tables written at random say what was meant, and what SQLite says', () => {
  let taken = 0
  for (let count = 0; count < 1_000; count += 1) {
    const { sql, expected } = randomTable(random)
    const kept = made(sql)
    // Two columns of a key may be one too many, a generated column may be in it: SQLite says so, and there is no text.
    if (kept === undefined) continue
    taken += 1
    const text = parseTableText(kept)
    expect(text, `SEED=${seed}: ${sql}`).toEqual(expected)
    expectAgreement(text, sql)
  }
  expect(taken).toBeGreaterThan(700)
})

test('texts that were changed at random are understood as SQLite understands them, or not at all', () => {
  let taken = 0
  let refused = 0
  for (let count = 0; count < 2_000; count += 1) {
    const sql = mutated(random.pick(tableTexts))
    const kept = made(sql)
    if (kept === undefined) continue
    taken += 1
    const text = parsedOrRefused(kept)
    if (text === undefined) refused += 1
    else expectAgreement(text, sql)
  }
  expect(taken).toBeGreaterThan(100)
  // There is nothing that SQLite takes and we do not.
  expect(refused, `SEED=${seed}`).toBe(0)
})

/** With one token left out, doubled, swapped with another, or replaced by one of another text. */
function mutated(sql: string): string {
  const tokens = wordsOf(sql)
  for (let changes = 1 + random.below(2); changes > 0; changes -= 1) {
    const at = random.below(tokens.length)
    const other = random.below(tokens.length)
    const [token = '', swapped = ''] = [tokens[at], tokens[other]]
    const change = random.below(4)
    if (change === 0) tokens.splice(at, 1)
    else if (change === 1) tokens.splice(at, 0, token)
    else if (change === 2) tokens.splice(at, 1, random.pick(wordsOf(random.pick(tableTexts))))
    else tokens.splice(at, 1, swapped)
  }
  return tokens.join(' ')
}

function wordsOf(sql: string): string[] {
  const tokens = tokenize(sql)
  if (typeof tokens === 'number') throw new Error(`Expected tokens only: ${sql}`)
  return tokens.map(({ start, end }) => sql.slice(start, end))
}

function parsedOrRefused(sql: string): TableText | undefined {
  try {
    return parseTableText(sql)
  } catch (error) {
    if (error instanceof NotSupportedError) return undefined
    throw error
  }
}
