import { expect, test } from 'vitest'
import { isSerial, playScenarios, serialOutcomes } from '../soak/hermitage.ts'

test('what each anomaly comes to is the outcome of no serial order', async () => {
  for (const [scenario, serial] of await serialOutcomes()) {
    expect(serial.length, scenario.name).toBeGreaterThan(1)
    expect(isSerial(scenario.harm, serial), scenario.name).toBe(false)
  }
})

test('no anomaly happens, on one engine or on two, whether its victims wait or give up', async () => {
  const { runs, anomalies, refused, violations } = await playScenarios(({ setup, engines, patient, writers, readers }) => {
    const waits = setup.journal === 'wal' && engines === 1 && patient && readers === 'readonly'
    const givesUp = setup.journal === 'delete' && engines === 2 && !patient && readers === 'deferred'
    return setup.driver === 'better-sqlite3' ? waits && writers === 'mixed' : givesUp && writers === 'deferred'
  })
  expect(violations).toEqual([])
  expect(anomalies).toBe(0)
  expect(runs).toBeGreaterThanOrEqual(16)
  expect(refused).toBeGreaterThan(0)
})
