import { expect, test } from 'vitest'
import { lookForCanary } from '../soak/canary.ts'
import { CanaryFinder, canaryOf } from '../soak/canary-secret.ts'
import { placesOf } from '../soak/canary-shown.ts'

const canary = canaryOf(92)
const finder = new CanaryFinder(canary)

// Ten seconds of work, which are a minute on a busy machine.
test('a password and parameters show nowhere, whatever fails', { timeout: 300_000 }, async () => {
  const { paths, places, hits, violations } = await lookForCanary(1, 91, { stride: 3, speaksWithinMs: 30_000 })
  expect(violations).toEqual([])
  expect(hits).toBe(0)
  expect(paths).toBeGreaterThanOrEqual(60)
  expect(places).toBeGreaterThan(10_000)
})

const bytes = Buffer.from(canary)

test.each([
  ['as it is', `at ${canary}.`],
  ['in capitals', canary.toUpperCase()],
  ['cut off', canary.slice(0, 14)],
  ['without its beginning', canary.slice(7)],
  ['as base64', Buffer.from(`x${canary}y`).toString('base64')],
  ['as hexadecimal digits', bytes.toString('hex')],
  ['as bytes of JSON', JSON.stringify(bytes)],
  ['as percent-encoded bytes', [...bytes].map((byte) => `%${byte.toString(16)}`).join('')],
  ['as UTF-16', Buffer.from(canary, 'utf16le').toString('latin1')],
])('a canary is found %s', (_, text) => {
  expect(finder.find(text)).not.toEqual([])
})

test.each<readonly [string, unknown]>([
  ['in a message', new Error(`it is ${canary}`)],
  ['in the stack', Object.assign(new Error(), { stack: canary })],
  ['in a cause of a cause', new Error('', { cause: new Error('', { cause: { canary: [canary] } }) })],
  ['in a hidden property', Object.defineProperty(new Error(), 'hidden', { value: canary })],
  ['in a symbol of an object in a Map', new Map([[1, { [Symbol('s')]: canary }]])],
  ['in the name of a property', { [canary]: 1 }],
  ['in bytes', { bytes }],
  ['behind a method of its own', { toJSON: () => canary }],
])('a canary is found %s', (_, thing) => {
  expect(placesOf(thing).flatMap(([, text]) => finder.find(text))).not.toEqual([])
})

test('nothing is found where there is none', () => {
  expect(placesOf(new Error('it is', { cause: canaryOf(93).slice(0, 3) })).flatMap(([, text]) => finder.find(text))).toEqual([])
})
