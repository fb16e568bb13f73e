import type { Client } from '../baselines/client.ts'
import type { DirectDatabase } from '../baselines/direct.ts'
import type { BenchCase, CaseContext, Outcome, Variant } from '../bench-case.ts'
import { type Item, idAt } from '../item.ts'
import { clientVariants, directVariant, offloopOpener } from './client-variants.ts'
import { gatherTasks } from './run-tasks.ts'

const rows = 100_000

export const pointSequential: BenchCase = {
  module: import.meta.url,
  name: 'point-sequential',
  title: 'point select, awaited one after another',
  unit: 'op',
  metrics: ['operationsPerSecond', 'mainThreadMicros', 'longestGapMs'],
  operations: (quick) => (quick ? 500 : 5_000),
  targets: [
    { of: 'offloop', metric: 'operationsPerSecond', atLeast: 0.85, relativeTo: 'border' },
    { of: 'offloop', metric: 'operationsPerSecond', atLeast: 1.2, relativeTo: 'piscina' },
    { of: 'offloop', metric: 'operationsPerSecond', atLeast: 1.2, relativeTo: 'comlink' },
  ],
  variants(context) {
    return variantsOf(context, this.operations(context.quick), async (client, count) => {
      const found: unknown[] = []
      for (let index = 0; index < count; index++) found.push(await client.get(idAt(index, rows)))
      return { answer: () => found }
    })
  },
}

export const pointInFlight: BenchCase = {
  module: import.meta.url,
  name: 'point-in-flight',
  title: 'point select, 64 in flight, one connection',
  unit: 'op',
  metrics: ['operationsPerSecond', 'mainThreadMicros', 'longestGapMs'],
  operations: (quick) => (quick ? 2_000 : 30_000),
  targets: [
    { of: 'offloop', metric: 'operationsPerSecond', atLeast: 0.9, relativeTo: 'border' },
    { of: 'offloop', metric: 'operationsPerSecond', atLeast: 4, relativeTo: 'piscina' },
    { of: 'offloop', metric: 'operationsPerSecond', atLeast: 1.3, relativeTo: 'comlink' },
    { of: 'offloop', metric: 'operationsPerSecond', atLeast: 3, relativeTo: 'node-sqlite3' },
    { of: 'offloop', metric: 'mainThreadMicros', atMost: 0.25, relativeTo: 'comlink' },
  ],
  variants(context) {
    return variantsOf(context, this.operations(context.quick), async (client, count) => {
      const found = await gatherTasks(64, count, (index) => client.get(idAt(index, rows)))
      return { answer: () => found }
    })
  },
}

type ClientBody = (client: Client, count: number) => Promise<Outcome>

async function variantsOf(context: CaseContext, count: number, run: ClientBody): Promise<readonly Variant[]> {
  const openers = [offloopOpener, ...(await context.loadBaselines())]
  return [
    directVariant(context, { rows }, (database) => selectDirectly(database, count)),
    ...clientVariants<Client>(context, openers, { rows, workOf: (client) => () => run(client, count) }),
  ]
}

/** There is no such thing as in flight here. */
function selectDirectly(database: DirectDatabase, count: number): Outcome {
  const found: (Item | undefined)[] = []
  for (let index = 0; index < count; index++) found.push(database.get(idAt(index, rows)))
  return { answer: () => found }
}
