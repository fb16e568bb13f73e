import { inspect, isDeepStrictEqual } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { expect, test } from 'vitest'
import { generateBuilders, loopBuilders, type RowBuilders } from '../../src/transport/row-builders.ts'

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `column ${index}`)
}

/** One row of the values 0, 1, 2, … from both builders. */
function rowsOf(columns: readonly string[], { inline, chunk }: RowBuilders = generateBuilders(columns)): readonly object[] {
  const rows: object[] = []
  inline(rows, ['before', ...columns.keys()], 1, 1)
  chunk(
    rows,
    Array.from(columns.keys(), (value) => Float64Array.of(value)),
    1,
  )
  return rows
}

// Behind 250 columns, and where a name is inherited, a literal makes the row.
test.each([[names(0)], [names(1)], [names(250)], [names(251)], [[...names(3), 'toString', '__proto__', 'constructor']]])(
  'rows are plain objects with their columns in order',
  (columns) => {
    for (const row of [...rowsOf(columns), ...rowsOf(columns, loopBuilders(columns))]) {
      expect(Object.getPrototypeOf(row)).toBe(Object.prototype)
      expect(Object.entries(Object.getOwnPropertyDescriptors(row))).toEqual(
        columns.map((name, value) => [name, { value, writable: true, enumerable: true, configurable: true }]),
      )
      expect(isDeepStrictEqual(row, Object.defineProperties({}, Object.getOwnPropertyDescriptors(row)))).toBe(true)
    }
  },
)

test('they look like plain objects, are cloned and written as such', () => {
  const rows = rowsOf(['id', 'name'])
  expect(inspect(rows)).toBe('[ { id: 0, name: 1 }, { id: 0, name: 1 } ]')
  expect(structuredClone(rows)).toStrictEqual([
    { id: 0, name: 1 },
    { id: 0, name: 1 },
  ])
  expect(JSON.stringify(rows)).toBe('[{"id":0,"name":1},{"id":0,"name":1}]')
  expect(rows[0]?.constructor).toBe(Object)
})

test('statements with the same columns have rows of one kind', () => {
  setFlagsFromString('--allow-natives-syntax')
  const haveSameMap = new Function('one', 'other', 'return %HaveSameMap(one, other)')
  setFlagsFromString('--no-allow-natives-syntax')
  const [first, second] = [rowsOf(['id', 'name']), rowsOf(['id', 'name'])]
  for (const row of [...first, ...second]) expect(haveSameMap(first[0], row)).toBe(true)
  expect(haveSameMap(first[0], rowsOf(['name', 'id'])[0])).toBe(false)
})

test('of columns of one name the last wins, in the place of the first', () => {
  for (const row of rowsOf(['a', 'b', 'a'])) expect(Object.entries(row)).toEqual(Object.entries({ a: 2, b: 1 }))
})
