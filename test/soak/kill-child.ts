import { writeSync } from 'node:fs'
import { type AsyncEngine, createEngine } from 'offloop'
import { createGroups, insertItem, rowsOfGroup } from './groups.ts'
import { urlOf } from './scratch.ts'

// Commits groups in every way there is until somebody kills it, and says of each when its promise has resolved.
const [driver = '', file = '', journal = '', firstBatch = ''] = process.argv.slice(2)
const parts = 4
let lastBatch = Number(firstBatch)

const engine = createEngine(urlOf(driver, file), { pragmas: { journal_mode: journal } })
await engine.execute(createGroups)
await Promise.all([inTransaction(engine), onConnection(engine), autocommitting(engine), many(engine)])

/** Written at once and not queued: what the parent can read was committed, and nothing that was committed waits here to be said. */
function acknowledge(batch: number): void {
  for (;;) {
    try {
      writeSync(1, `${batch}\n`)
      return
    } catch (error) {
      // The parent does not read as fast as this writes.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}

async function inTransaction(own: AsyncEngine): Promise<never> {
  for (;;) {
    const batch = ++lastBatch
    await own.transaction(async (tx) => {
      for (const row of rowsOfGroup(batch, parts)) await tx.execute(insertItem, row)
    })
    acknowledge(batch)
  }
}

async function onConnection(own: AsyncEngine): Promise<never> {
  const connection = await own.connect()
  for (;;) {
    const batch = ++lastBatch
    const transaction = await connection.begin()
    await Promise.all(rowsOfGroup(batch, parts).map((row) => transaction.execute(insertItem, row)))
    await transaction.commit()
    acknowledge(batch)
  }
}

async function autocommitting(own: AsyncEngine): Promise<never> {
  for (;;) {
    const batch = ++lastBatch
    await own.execute(insertItem, rowsOfGroup(batch, 1)[0])
    acknowledge(batch)
  }
}

async function many(own: AsyncEngine): Promise<never> {
  for (;;) {
    const batch = ++lastBatch
    await own.executeMany(insertItem, rowsOfGroup(batch, parts * 2))
    acknowledge(batch)
  }
}
