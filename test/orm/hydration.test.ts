import { expect, test } from 'vitest'
import { runProgram } from '../faults/run-program.ts'

const printInstances = new URL('print-instances.ts', import.meta.url)

test('instances are the same where no code may be generated from strings', async () => {
  const generated = await runProgram(printInstances)
  expect(generated).toMatchObject({ code: 0, stderr: '' })
  expect(await runProgram(printInstances, { flags: ['--disallow-code-generation-from-strings'] })).toEqual(generated)
  const { joined, plain, unread, shapes } = JSON.parse(generated.stdout)
  expect(joined).toHaveLength(100)
  expect(joined[99]).toEqual({ id: 100, title: 'track 99', loud: true, released: null, album: { id: 1, name: 'Malibu' } })
  expect(plain[99]).toEqual({ id: 100, title: 'track 99', loud: true, released: null, album: 1 })
  expect(plain[98]).toEqual({ id: 99, title: 'track 98', loud: false, released: '2024-02-29', album: null })
  expect(unread.slice(98)).toEqual([null, 'Album.name has not been read: await load(), or ask for it in the query.'])
  expect(shapes).toBe(1)
})
