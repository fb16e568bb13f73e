import { expect, test } from 'vitest'
import { strike, whyNoShim } from '../soak/io-faults.ts'

const obstacle = whyNoShim()

test('a write, sync or truncation that fails leaves all of a transaction or nothing, and says which', async ({ skip }) => {
  skip(obstacle !== null, obstacle ?? '')
  const { struck, refused, violations } = await strike(3, 2)
  expect(violations).toEqual([])
  expect(struck).toBe(3)
  expect(refused).toBeGreaterThan(0)
})
