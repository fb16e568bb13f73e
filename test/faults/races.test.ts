import { expect, test } from 'vitest'
import { raceCommits } from '../soak/commit-races.ts'
import { raceHandOvers } from '../soak/hand-over-races.ts'

test('callers who give up around the hand-over of a connection lose none, and none is given to two', async () => {
  const { races, givenUp, closed, violations } = await raceHandOvers(200, 1)
  expect(violations).toEqual([])
  expect(races).toBe(200)
  expect(givenUp).toBeGreaterThan(30)
  expect(closed).toBeGreaterThan(0)
})

test('whoever gives up, closes or dies around a commit is told what is stored', async () => {
  const { races, committed, refused, violations } = await raceCommits(40, 1)
  expect(violations).toEqual([])
  expect(races).toBe(40)
  expect(committed).toBeGreaterThan(0)
  expect(refused).toBeGreaterThan(0)
})
