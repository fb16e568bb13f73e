import { OffloopError } from 'offloop'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { readPage } from './page.ts'

type ErrorClass = new (...args: never) => OffloopError

/** Every public class of errors, by its name. */
async function errorClasses(): Promise<ReadonlyMap<string, ErrorClass>> {
  const classes = new Map<string, ErrorClass>()
  for (const subpath of Object.keys(manifest.exports)) {
    if (subpath.endsWith('.json') || subpath === './testing/vitest') continue
    const exported: object = await import(subpath.replace('.', 'offloop'))
    for (const [name, value] of Object.entries(exported)) {
      if (value === OffloopError || (typeof value === 'function' && value.prototype instanceof OffloopError))
        classes.set(name, value as ErrorClass)
    }
  }
  return classes
}

test('the guide of errors has every public class of errors, and no other', async () => {
  const { text } = readPage('docs/errors.md')
  const listed = [...text.matchAll(/^\| `(\w+)` \| /gm)].map(([, name]) => name ?? '')
  const classes = await errorClasses()
  expect(listed.toSorted()).toEqual([...classes.keys()].sort())
})

test('the guide of errors has the code of each', async () => {
  const { text } = readPage('docs/errors.md')
  const listed = new Map([...text.matchAll(/^\| `(\w+)` \| `(\w+)` \| /gm)].map(([, name, code]) => [name, code]))
  for (const [name, errorClass] of await errorClasses()) {
    if (name === 'OffloopError') continue
    // A class may ask for more than a message; its code is the same whatever it gets.
    const error: unknown = Reflect.construct(errorClass, [
      'message',
      name === 'ValidationError' || name === 'FilterError' ? [] : { file: 'x' },
    ])
    expect(listed.get(name), name).toBe((error as OffloopError).code)
  }
})
