import { expect, test } from 'vitest'
import { sourceFiles } from './source-file.ts'

const maxFileLines = 400
const maxFunctionLines = 60
const maxParameters = 4

/** What may be larger, and why: `{ 'src/a.ts': 'one table that is read as a whole', 'src/b.ts#parse': '…' }`. */
const exceptions: Readonly<Record<string, string>> = {}

const files = sourceFiles('src/**/*.ts', 'worker/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts')
const functions = files.flatMap((file) => file.functions)
const tooLong = files.filter(({ lines }) => lines > maxFileLines).map(({ path, lines }) => ({ id: path, found: `${lines} lines` }))
const tooLongFunctions = functions.filter(({ lines }) => lines > maxFunctionLines).map(({ id, lines }) => ({ id, found: `${lines} lines` }))
const tooManyParameters = functions
  .filter(({ parameters }) => parameters > maxParameters)
  .map(({ id, parameters }) => ({ id, found: `${parameters} parameters` }))

test(`a file holds at most ${maxFileLines} lines of code`, () => {
  expect(withoutReason(tooLong)).toEqual([])
})

test(`a function holds at most ${maxFunctionLines} lines of code`, () => {
  expect(withoutReason(tooLongFunctions)).toEqual([])
})

test(`a function takes at most ${maxParameters} parameters`, () => {
  expect(withoutReason(tooManyParameters)).toEqual([])
})

test('an exception has a reason and is still needed', () => {
  const needed = new Set([...tooLong, ...tooLongFunctions, ...tooManyParameters].map(({ id }) => id))
  expect(Object.entries(exceptions).filter(([id, reason]) => !needed.has(id) || reason === '')).toEqual([])
})

function withoutReason(found: readonly { readonly id: string; readonly found: string }[]): readonly string[] {
  return found.filter(({ id }) => exceptions[id] === undefined).map(({ id, found }) => `${id}: ${found}`)
}
