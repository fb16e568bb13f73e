import { PoolQueueFullError } from 'offloop'
import { expect, test } from 'vitest'
import { openEngine } from './test-engine.ts'

test.each(['engine', 'connection'] as const)(
  'of 101,000 statements of one tick the %s takes 100,000, and refuses the rest at once',
  async (source) => {
    const engine = openEngine()
    await using conn = await engine.connect()
    const executor = source === 'engine' ? engine : conn
    let done = 0
    const refused: unknown[] = []
    const all = Array.from({ length: 101_000 }, () =>
      executor.scalar('select 1').then(
        () => void done++,
        (error: unknown) => void refused.push(error),
      ),
    )
    await Promise.all(all)
    expect(done).toBe(100_000)
    expect(refused).toHaveLength(1_000)
    expect(refused.every((error) => error instanceof PoolQueueFullError)).toBe(true)
    expect(await executor.scalar('select 2')).toBe(2)
  },
)
