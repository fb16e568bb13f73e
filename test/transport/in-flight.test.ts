import { expect, test } from 'vitest'
import { InFlight } from '../../src/transport/in-flight.ts'

test('gives numbers from 1 on, finds by number, and forgets', () => {
  const inFlight = new InFlight<string>()
  expect(['a', 'b', 'c'].map((item) => inFlight.add(item))).toEqual([1, 2, 3])
  inFlight.set(0, 'first word')
  expect([0, 1, 2, 3, 4].map((id) => inFlight.get(id))).toEqual(['first word', 'a', 'b', 'c', undefined])
  inFlight.delete(2)
  inFlight.delete(2)
  inFlight.replace(2, 'nobody')
  inFlight.replace(3, 'C')
  expect(inFlight.size).toBe(3)
  expect([1, 2, 3].map((id) => inFlight.get(id))).toEqual(['a', undefined, 'C'])
  expect(inFlight.drain()).toEqual(['first word', 'a', 'C'])
  expect(inFlight.size).toBe(0)
  expect(inFlight.add('d')).toBe(4)
})

test('knows whether anything that came before is left', () => {
  const inFlight = new InFlight<string>()
  const [a, b, c] = ['a', 'b', 'c'].map((item) => inFlight.add(item)) as [number, number, number]
  const nobody = new Set<number>()
  expect([a, b, c].map((id) => inFlight.isFirst(id, nobody))).toEqual([true, false, false])
  expect([b, c].map((id) => inFlight.isFirst(id, new Set([a])))).toEqual([true, false])
  inFlight.delete(b)
  // So many that the first one moves out of the window.
  const later = Array.from({ length: 5_000 }, (_, index) => inFlight.add(String(index)))
  for (const id of [c, ...later.slice(0, -1)]) inFlight.delete(id)
  inFlight.add('makes room')
  expect(inFlight.isFirst(later.at(-1) as number, nobody)).toBe(false)
  inFlight.delete(a)
  expect(inFlight.isFirst(later.at(-1) as number, nobody)).toBe(true)
})

test('does what a map does, in any order of answers, with some that wait for ever', () => {
  const inFlight = new InFlight<number>()
  const model = new Map<number, number>()
  let seed = 7
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed % below
  }
  for (let step = 0; step < 50_000; step++) {
    if (random(2) === 0 || model.size === 0) model.set(inFlight.add(step), step)
    else {
      const oldest = model.keys()
      for (let skipped = random(Math.min(200, model.size)); skipped > 0; skipped--) oldest.next()
      const id = oldest.next().value as number
      // One in 500 stays.
      if (id % 500 !== 0) {
        inFlight.delete(id)
        model.delete(id)
      }
    }
    if (step % 1_000 === 0) expect([...model].filter(([of, item]) => inFlight.get(of) !== item)).toEqual([])
  }
  expect(inFlight.size).toBe(model.size)
  expect(inFlight.drain()).toEqual([...model.values()])
})
