import { expect, test } from 'vitest'
import { moveRows } from '../soak/data.ts'

test('thousands of rows go from a file into a table and out again into the same file', async () => {
  const { legs, violations } = await moveRows(20_000)
  expect(violations).toEqual([])
  expect(legs.map(({ name }) => name)).toEqual(['csv', 'jsonl', 'json', 'yaml'].flatMap((format) => [`${format} in`, `${format} out`]))
})
