import { expect, test } from 'vitest'
import { cancel } from '../soak/cancel.ts'

test('a statement inside a native call is given up at once, in a process of its own and without', async () => {
  const { rejectedMs, violations } = await cancel(0, 1, 1, null)
  expect(violations).toEqual([])
  expect(rejectedMs.process.length).toBe(rejectedMs.neither.length)
})
