import type { AsyncEngine, AsyncTransaction } from 'offloop'
import { expect, test } from 'vitest'
import { type Level, published, type Scenario, scenarios } from './hermitage-scenarios.ts'
import { describeServers, type Server } from './servers.ts'

const levels: readonly Level[] = ['read committed', 'repeatable read', 'serializable']

describeServers((server) => {
  test.each(levels)('lets through at "%s" what its documentation says, and nothing else', async (level) => {
    const engine = server.engine()
    const table = server.table('hermitage')
    const found: string[] = []
    for (const scenario of scenarios) if (await happens(server, { engine, table, level }, scenario)) found.push(scenario.anomaly)
    expect(found).toEqual(published[server.name][level])
  })
})

interface Place {
  readonly engine: AsyncEngine
  readonly table: string
  readonly level: Level
}

async function happens({ name }: Server, { engine, table, level }: Place, { steps, happened }: Scenario): Promise<boolean> {
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
  /** The transactions of the steps that are not done. */
  const busy: number[] = []
  for (const [number, action] of steps) {
    const tx = transactions.get(number) as AsyncTransaction
    busy.push(number)
    const step = take(tx, action.replaceAll(' test', ` ${table}`)).finally(() => busy.splice(busy.indexOf(number), 1))
    if (action.startsWith('select')) reads.push(step.then((rows) => rows))
    if (action === 'commit') pending.push(step.then((rows) => rows !== null && committed.add(number)))
    pending.push(step)
    // The next one is taken when each of those waits for a lock.
    while (busy.length > 0 && (await countWaiting[name](engine, table)) !== new Set(busy).size);
  }
  await Promise.all(pending)
  await Promise.all([...transactions.values()].map((tx) => tx.rollback()))
  const stored = await engine.execute<number[]>(`select id, value from ${table} order by id`, [], { rowMode: 'array' }).fetchall()
  return happened({ reads: await Promise.all(reads), committed, stored: stored.map(([id, value]) => `${id}=${value}`).join() })
}

/** How many statements on the table wait for a lock. */
const countWaiting: Readonly<Record<Server['name'], (engine: AsyncEngine, table: string) => Promise<number | null>>> = {
  postgresql: (engine, table) =>
    engine.scalar("select count(*)::int4 from pg_stat_activity where wait_event_type = 'Lock' and query like :text", {
      text: `%${table}%`,
    }),
  // What information_schema tells is up to date only for whoever has not asked for a while.
  mysql: async (engine, table) => {
    const { Status } = await engine.execute<{ Status: string }>('show engine innodb status').one()
    const [, ...transactions] = Status.split('---TRANSACTION')
    return transactions.filter((transaction) => transaction.includes('LOCK WAIT') && transaction.includes(table)).length
  },
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
