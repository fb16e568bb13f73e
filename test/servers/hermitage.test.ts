import type { AsyncEngine, AsyncTransaction } from 'offloop'
import { expect, test } from 'vitest'
import { type Level, published, type Scenario, scenarios } from './hermitage-scenarios.ts'
import { describeServers } from './servers.ts'

/** A step that is not done by then waits for a lock, and the others go on. */
const blockedAfterMs = 200

const levels: readonly Level[] = ['read committed', 'repeatable read', 'serializable']

describeServers((server) => {
  test.each(levels)('lets through at "%s" what its documentation says, and nothing else', async (level) => {
    const engine = server.engine()
    const table = server.table('hermitage')
    const found: string[] = []
    for (const scenario of scenarios) if (await happens(engine, table, scenario, level)) found.push(scenario.anomaly)
    expect(found).toEqual(published[server.name][level])
  })
})

async function happens(engine: AsyncEngine, table: string, { steps, happened }: Scenario, level: Level): Promise<boolean> {
  await engine.execute(`drop table if exists ${table}`)
  await engine.execute(`create table ${table} (id integer primary key, value integer)`)
  await engine.execute(`insert into ${table} values (1, 10), (2, 20)`)
  const transactions = new Map<number, AsyncTransaction>()
  for (const [transaction] of steps) {
    if (!transactions.has(transaction)) transactions.set(transaction, await engine.begin({ isolationLevel: level }))
  }
  const committed = new Set<number>()
  const reads: ((readonly (readonly number[])[] | null) | Promise<readonly (readonly number[])[] | null>)[] = []
  const pending: Promise<unknown>[] = []
  for (const [number, action] of steps) {
    const tx = transactions.get(number) as AsyncTransaction
    const step = take(tx, action.replaceAll(' test', ` ${table}`))
    if (action.startsWith('select')) reads.push(step.then((rows) => rows))
    if (action === 'commit') pending.push(step.then((rows) => rows !== null && committed.add(number)))
    pending.push(step)
    await Promise.race([step, new Promise((resolve) => setTimeout(resolve, blockedAfterMs))])
  }
  await Promise.all(pending)
  await Promise.all([...transactions.values()].map((tx) => tx.rollback()))
  const stored = await engine.execute<number[]>(`select id, value from ${table} order by id`, [], { rowMode: 'array' }).fetchall()
  return happened({ reads: await Promise.all(reads), committed, stored: stored.map(([id, value]) => `${id}=${value}`).join() })
}

/** What the step has found; null when it has failed, and with it its transaction. */
async function take(tx: AsyncTransaction, action: string): Promise<readonly (readonly number[])[] | null> {
  try {
    if (action === 'commit') await tx.commit()
    else if (action === 'rollback') await tx.rollback()
    else return (await tx.execute(action, [], { rowMode: 'array' }).fetchall().catch(rowless)) as readonly (readonly number[])[]
    return []
  } catch {
    await tx.rollback()
    return null
  }
}

function rowless(error: Error): readonly never[] {
  if (error.name === 'ResourceClosedError') return []
  throw error
}
