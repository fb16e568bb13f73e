import { expect, test } from 'vitest'
import { killAtRandom } from '../soak/kill.ts'

test('kill -9 at random moments loses no acknowledged commit and tears no transaction', async () => {
  const { kills, acknowledged, violations } = await killAtRandom(4, 1)
  expect(violations).toEqual([])
  expect(kills).toBe(4)
  expect(acknowledged).toBeGreaterThan(4)
})
