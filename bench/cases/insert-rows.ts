import type { Client, OpenClientOptions } from '../baselines/client.ts'
import type { DirectDatabase } from '../baselines/direct.ts'
import type { BenchCase, CaseContext, Outcome, Variant } from '../bench-case.ts'
import { type Item, itemValues } from '../item.ts'
import { clientVariants, directVariant, offloopOpener } from './client-variants.ts'
import { runTasks } from './run-tasks.ts'

const tasks = 64
export const executeMany: BenchCase = {
  module: import.meta.url,
  name: 'execute-many',
  title: 'executeMany, 20,000 rows in one transaction',
  unit: 'row',
  metrics: ['operationsPerSecond', 'microsPerOperation', 'mainThreadMicros', 'longestGapMs'],
  operations: (quick) => (quick ? 2_000 : 20_000),
  targets: [
    { of: 'offloop', metric: 'operationsPerSecond', atLeast: 0.75, relativeTo: 'direct' },
    { of: 'offloop', metric: 'mainThreadMicros', atMost: 0.35, relativeTo: 'direct' },
  ],
  variants(context) {
    const rows = itemValues(this.operations(context.quick))
    return variantsOf(context, {
      direct: (database) => database.insertMany(rows),
      workOf: (client) => (client.insertMany === undefined ? null : async () => client.insertMany?.(rows)),
    })
  },
}

export const insertsTogether: BenchCase = {
  module: import.meta.url,
  name: 'inserts-together',
  title: '20,000 inserts awaited together inside one transaction',
  unit: 'op',
  metrics: ['operationsPerSecond', 'microsPerOperation', 'mainThreadMicros', 'longestGapMs'],
  operations: (quick) => (quick ? 2_000 : 20_000),
  targets: [{ of: 'offloop', metric: 'operationsPerSecond', atLeast: 0.45, relativeTo: 'direct' }],
  variants(context) {
    const rows = itemValues(this.operations(context.quick))
    return variantsOf(context, {
      direct: (database) => database.insertMany(rows),
      workOf: (client) => (client.insertTogether === undefined ? null : async () => client.insertTogether?.(rows)),
    })
  },
}

export const durableInserts: BenchCase = {
  module: import.meta.url,
  name: 'durable-inserts',
  title: `autocommit inserts from ${tasks} tasks, each on the disk when it settles`,
  unit: 'op',
  metrics: ['operationsPerSecond', 'microsPerOperation', 'mainThreadMicros', 'longestGapMs'],
  operations: (quick) => tasks * (quick ? 2 : 20),
  targets: [{ of: 'offloop', metric: 'operationsPerSecond', atLeast: 15, relativeTo: 'direct' }],
  variants(context) {
    const rows = itemValues(this.operations(context.quick))
    const insertAll = (client: Client) =>
      runTasks(tasks, rows.length, async (index) => {
        const row = rows[index]
        if (row !== undefined) await client.insert?.(row)
      })
    return variantsOf(context, {
      durable: true,
      direct: (database) => {
        for (const row of rows) database.insert(row)
      },
      workOf: (client) => (client.insert === undefined ? null : () => insertAll(client)),
    })
  },
}

interface InsertWork extends OpenClientOptions {
  direct(database: DirectDatabase): void
  workOf(client: Client): (() => Promise<unknown>) | null
}

async function variantsOf(context: CaseContext, { direct, workOf, ...options }: InsertWork): Promise<readonly Variant[]> {
  return [
    directVariant(context, { rows: 0, ...options }, (database) => {
      direct(database)
      return { answer: () => takeRows(database) }
    }),
    ...clientVariants<Client>(context, [offloopOpener, ...(await context.loadBaselines())], {
      rows: 0,
      ...options,
      workOf: (client) => {
        const work = workOf(client)
        if (work === null) return null
        return async (): Promise<Outcome> => {
          await work()
          return { answer: () => takeRows(client) }
        }
      },
    }),
  ]
}

/** What has been inserted. The table is emptied and the log written back, so that the next run finds what this one has found. */
async function takeRows(client: Client | DirectDatabase): Promise<readonly Item[]> {
  const items = await client.all()
  await client.exec('delete from item')
  await client.exec('pragma wal_checkpoint(truncate)')
  return items
}
