import { expect, test } from 'vitest'
import { dieInEveryWay, waysToDie } from '../soak/deaths.ts'
import { setups } from '../soak/scratch.ts'

test('a thread that dies in the middle of a transaction leaves no call waiting, no lock and no row behind', async () => {
  // Each driver, and each journal, once.
  const some = setups.filter((_, index) => index % 3 === 0)
  const { deaths, pending, violations } = await dieInEveryWay(1, 1, some)
  expect(violations).toEqual([])
  expect(deaths).toBe(some.length * waysToDie.length)
  expect(pending).toBe(0)
})
