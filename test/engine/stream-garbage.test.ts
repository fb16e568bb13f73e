import { expect, test } from 'vitest'
import { runProgram } from '../faults/run-program.ts'

const printStreamHeap = new URL('print-stream-heap.mjs', import.meta.url)

test('a stream’s rows that have been read are young garbage, whatever became of its first ones', async () => {
  const flags = ['--expose-gc', '--min-semi-space-size=1', '--max-semi-space-size=1']
  const { stdout, stderr } = await runProgram(printStreamHeap, { flags })
  expect(stderr).toBe('')
  expect(Number(stdout)).toBeLessThan(1)
})
