import { availableParallelism } from 'node:os'
import { createEngine } from 'offloop'
import type { BenchCase, CaseContext, Prepared } from '../bench-case.ts'
import { type Item, idAt, selectItem } from '../item.ts'
import { urlOf } from '../offloop-client.ts'
import { directVariant } from './client-variants.ts'
import { gatherTasks } from './run-tasks.ts'

const rows = 100_000
const inFlight = 256
const readers = 2
/** Two readers and the thread that asks. */
const hasCores = availableParallelism() > readers

export const engineInFlight: BenchCase = {
  module: import.meta.url,
  name: 'engine-in-flight',
  title: `point select, ${inFlight} in flight through engine.execute, ${readers} readers`,
  unit: 'op',
  metrics: ['operationsPerSecond', 'mainThreadMicros', 'longestGapMs'],
  operations: (quick) => (quick ? 2_000 : 50_000),
  targets: [
    { of: 'offloop', metric: 'operationsPerSecond', atLeast: 1.2, relativeTo: 'offloop, one connection' },
    ...(hasCores ? [{ of: 'offloop', metric: 'operationsPerSecond', atLeast: 1, relativeTo: 'direct' } as const] : []),
  ],
  variants(context) {
    const count = this.operations(context.quick)
    return [
      directVariant(context, { rows }, (database) => {
        const found: (Item | undefined)[] = []
        for (let index = 0; index < count; index++) found.push(database.get(idAt(index, rows)))
        return { answer: () => found }
      }),
      { name: 'offloop', prepare: async () => throughEngine(context, count) },
      { name: 'offloop, one connection', prepare: () => throughConnection(context, count) },
    ]
  },
}

function throughEngine({ files }: CaseContext, count: number): Prepared {
  const engine = createEngine(urlOf(files.copy(rows)), { readers })
  return {
    run: () => selectItems(count, (id) => engine.execute<Item>(selectItem, [id]).first()),
    close: () => engine.close(),
  }
}

async function throughConnection({ files }: CaseContext, count: number): Promise<Prepared> {
  const engine = createEngine(urlOf(files.copy(rows)))
  const connection = await engine.connect()
  return {
    run: () => selectItems(count, (id) => connection.execute<Item>(selectItem, [id]).first()),
    close: () => engine.close(),
  }
}

async function selectItems(count: number, select: (id: number) => Promise<Item | null>) {
  const found = await gatherTasks(inFlight, count, (index) => select(idAt(index, rows)))
  return { answer: () => found }
}
