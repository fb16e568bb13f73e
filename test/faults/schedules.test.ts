import { expect, test } from 'vitest'
import { playSchedules } from '../soak/schedules.ts'

test('two tasks on one connection, and on two, do what a model does', async () => {
  const { schedules, pairs, waits, differences } = await playSchedules(60, 1)
  expect(differences).toEqual([])
  expect(schedules).toBe(60)
  expect(pairs).toBeGreaterThan(60)
  expect(waits).toBeGreaterThan(5)
})
