import { expect, test } from 'vitest'
import { useMutants } from '../soak/mutants.ts'

test('a damaged file is used or refused in a clear error, and never ends the process', async () => {
  const { mutants, refused, damaged, violations } = await useMutants(10, 54)
  expect(violations).toEqual([])
  expect(mutants).toBe(10)
  expect(refused).toBeGreaterThan(0)
  expect(damaged).toBeGreaterThan(0)
})
