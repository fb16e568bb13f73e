import { expect, test } from 'vitest'
import { backUpUnderLoad } from '../soak/backup.ts'

test('copies taken beside a busy writer are sound and hold a prefix of its commits; an aborted one leaves no half file', async () => {
  const { copies, aborted, commits, violations } = await backUpUnderLoad(6, { seed: 4, pages: 500 })
  expect(violations).toEqual([])
  expect(copies).toBe(6)
  expect(aborted).toBeGreaterThan(0)
  expect(commits).toBeGreaterThan(0)
})
