import { writeFileSync } from 'node:fs'
import { type AsyncConnection, type AsyncEngine, createEngine } from 'offloop'
import { createGroups, insertItem, rowsOfGroup } from './groups.ts'
import { describeFailure, type Outcome } from './io-outcome.ts'
import { urlOf } from './scratch.ts'

// Commits groups in every way there is while the preloaded shim makes system calls fail, tells how each ended, and then, with the shim
// at rest, whether engine and connection work again.
const [driver = '', file = '', journal = '', durability = ''] = process.argv.slice(2)
const { SHIM_ARM: armFile = '', SHIM_CLEAR: clearFile = '' } = process.env
const parts = 5

const engine = createEngine(urlOf(driver, file), {
  durability: durability === 'full' ? 'full' : 'normal',
  // A small cache spills in the middle of a transaction, a small WAL is copied back often.
  pragmas: { journal_mode: journal, cache_size: 4, wal_autocheckpoint: 20 },
})
const ways: readonly ((own: AsyncEngine, connection: AsyncConnection, batch: number) => Promise<unknown>)[] = [
  inTransaction,
  begunAndCommitted,
  autocommitted,
  many,
  scripted,
]

await engine.execute(createGroups)
const connection = await engine.connect()
await run(0, 'before')
writeFileSync(armFile, '')
for (let batch = 1; batch <= 15; batch++) await run(batch, 'during')
writeFileSync(clearFile, '')
for (let batch = 100; batch < 105; batch++) await run(batch, 'after')
await connection.close()
await engine.close()

async function run(batch: number, phase: Outcome['phase']): Promise<void> {
  const way = ways[batch % ways.length] ?? inTransaction
  let failure: Outcome['failure'] = null
  try {
    await way(engine, connection, batch)
  } catch (error) {
    failure = describeFailure(error)
  }
  const outcome: Outcome = { batch, way: way.name, phase, failure, connectionClosed: connection.closed }
  console.log(JSON.stringify(outcome))
}

async function inTransaction(own: AsyncEngine, _connection: AsyncConnection, batch: number): Promise<void> {
  await own.transaction(async (tx) => {
    for (const row of rowsOfGroup(batch, parts)) await tx.execute(insertItem, row)
  })
}

/** Goes on after a failure as a careless program would: nothing of that may be stored either. */
async function begunAndCommitted(_own: AsyncEngine, held: AsyncConnection, batch: number): Promise<void> {
  const transaction = await held.begin()
  let failed: unknown = null
  for (const row of rowsOfGroup(batch, parts)) {
    await transaction.execute(insertItem, row).catch((error: unknown) => {
      failed ??= error
    })
  }
  try {
    if (failed === null) await transaction.commit()
    else throw failed
  } finally {
    await transaction.rollback()
  }
}

async function autocommitted(own: AsyncEngine, _connection: AsyncConnection, batch: number): Promise<void> {
  await own.execute(insertItem, rowsOfGroup(batch, 1)[0])
}

async function many(own: AsyncEngine, _connection: AsyncConnection, batch: number): Promise<void> {
  await own.executeMany(insertItem, rowsOfGroup(batch, parts * 3))
}

async function scripted(own: AsyncEngine, _connection: AsyncConnection, batch: number): Promise<void> {
  const inserts = Array.from({ length: parts }, (_, part) => `insert into item values (${batch}, ${part}, ${parts}, zeroblob(700));`)
  await own.script(`begin immediate; ${inserts.join(' ')} commit`)
}
