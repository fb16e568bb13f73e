import { describe, expect, test } from 'vitest'
import { endure } from '../soak/endurance.ts'
import { type MemorySample, slopeOf } from '../soak/process-figures.ts'
import { driverNames } from '../soak/scratch.ts'

describe.each(driverNames)('%s', (driver) => {
  test('a mixed load with a fault every 50 ms loses nothing and leaves nothing', async () => {
    const { works, faults, violations } = await endure({ seconds: 0.5, works: 20, faults: 10, seed: 36, driver, samples: false })
    expect(violations).toEqual([])
    expect(works).toBeGreaterThanOrEqual(20)
    expect(faults).toBeGreaterThanOrEqual(10)
  })
})

test('the slope of samples is that of the line through them', () => {
  const samples = (megabytes: (minute: number) => number): MemorySample[] =>
    Array.from({ length: 10 }, (_, minute) => ({ atMs: minute * 60_000, bytes: megabytes(minute) * 1_048_576 }))
  expect(slopeOf(samples(() => 7))).toBe(0)
  expect(slopeOf(samples((minute) => 3 + 2 * minute))).toBeCloseTo(2)
  expect(slopeOf(samples((minute) => 3 - minute + (minute % 2)))).toBeCloseTo(-0.97, 1)
})
