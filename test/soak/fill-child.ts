import { createEngine } from 'offloop'
import { createGroups, insertItem, rowsOfGroup } from './groups.ts'
import { describeFailure, type Outcome } from './io-outcome.ts'
import { urlOf } from './scratch.ts'

// Commits groups until the disk, or what stands for it, is full; then again when its parent has made room.
const [driver = '', file = '', journal = ''] = process.argv.slice(2)
const parts = 20

const engine = createEngine(urlOf(driver, file), { pragmas: { journal_mode: journal } })
await engine.execute(createGroups)
let refused = 0
for (let batch = 1; refused < 3; batch++) if (!(await commit(batch, 'during'))) refused++
console.log('full')
await new Promise((resolve) => process.stdin.once('data', resolve))
await commit(100_000, 'after')
await engine.close()

async function commit(batch: number, phase: Outcome['phase']): Promise<boolean> {
  let failure: Outcome['failure'] = null
  try {
    await engine.transaction(async (tx) => {
      for (const row of rowsOfGroup(batch, parts)) await tx.execute(insertItem, row)
    })
  } catch (error) {
    failure = describeFailure(error)
  }
  const outcome: Outcome = { batch, way: 'transaction', phase, failure, connectionClosed: false }
  console.log(JSON.stringify(outcome))
  return failure === null
}
