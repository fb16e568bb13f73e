import { createEngine } from 'offloop'
import { expect, test } from 'vitest'

test('one', async () => {
  const engine = createEngine('sqlite://')
  expect(await engine.scalar('select 42')).toBe(42)
  await engine.close()
})
