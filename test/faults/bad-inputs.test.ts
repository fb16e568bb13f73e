import { expect, test } from 'vitest'
import { giveBadInputs } from '../soak/bad-inputs.ts'

test('whatever is passed to the public API works or is refused by one clear error, and the engine goes on', async () => {
  const { inputs, legal, refusals, violations } = await giveBadInputs(150, 10)
  expect(violations).toEqual([])
  expect(inputs).toBe(150)
  expect(legal).toBeGreaterThan(15)
  expect([...refusals.keys()]).toEqual(expect.arrayContaining(['ArgumentError', 'TypeError', 'RangeError', 'ProgrammingError']))
})
