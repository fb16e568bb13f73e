import { spawnSync } from 'node:child_process'
import { numberOption } from './scratch.ts'

// The tests that are drawn at random, with other seeds than the one of `npm test`.

const FILES = [
  'test/schema/inspection/made-again.test.ts',
  'test/schema/inspection/sqlite-random-texts.test.ts',
  'test/engine/values.test.ts',
  'test/engine/transaction-model.test.ts',
  'test/engine/concurrency.test.ts',
  'test/engine/pool.test.ts',
  'test/engine/long-reads.test.ts',
  'test/sql/parameters.test.ts',
  'test/data/damaged-files.test.ts',
  'test/data/texts.test.ts',
]

const first = numberOption('seed', Date.now() % 1_000_000)
const count = numberOption('seeds', 30)
for (let seed = first; seed < first + count; seed += 1) {
  const { status } = spawnSync('vitest', ['run', '--reporter=dot', ...FILES], {
    env: { ...process.env, SEED: `${seed}` },
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error(`SEED=${seed} failed`)
}
