import { availableParallelism } from 'node:os'
import { createEngine } from 'offloop'
import type { BenchCase, CaseContext, Prepared } from '../bench-case.ts'
import { idAt, selectItem } from '../item.ts'
import { urlOf } from '../offloop-client.ts'
import { directVariant } from './client-variants.ts'
import { gatherTasks } from './run-tasks.ts'

const rows = 100_000
const readers = 2
/** Two readers and the thread that asks. */
const hasCores = availableParallelism() > readers

interface Reads {
  readonly name: string
  readonly title: string
  readonly inFlight: number
  readonly count: number
  readonly sql: string
  readonly params: (index: number) => readonly number[]
}

/** So many rows are added up. */
const span = 1_000

export const enginesInFlight: readonly BenchCase[] = [
  engineCase({
    name: 'engine-in-flight',
    title: 'point select',
    inFlight: 256,
    count: 50_000,
    sql: selectItem,
    params: (index) => [idAt(index, rows)],
  }),
  engineCase({
    name: 'engine-sums',
    title: `sum over ${span.toLocaleString('en-US')} rows`,
    inFlight: 64,
    count: 20_000,
    sql: 'select sum(quantity) as sum from item where id between ? and ?',
    params: (index) => [idAt(index, rows - span), idAt(index, rows - span) + span - 1],
  }),
]

function engineCase(reads: Reads): BenchCase {
  return {
    module: import.meta.url,
    name: reads.name,
    title: `${reads.title}, ${reads.inFlight} in flight through engine.execute, ${readers} readers`,
    unit: 'op',
    metrics: ['operationsPerSecond', 'mainThreadMicros', 'longestGapMs'],
    operations: (quick) => (quick ? 2_000 : reads.count),
    targets: [
      { of: 'offloop', metric: 'operationsPerSecond', atLeast: 1.2, relativeTo: 'offloop, one connection' },
      ...(hasCores ? [{ of: 'offloop', metric: 'operationsPerSecond', atLeast: 1, relativeTo: 'direct' } as const] : []),
    ],
    variants(context) {
      const count = this.operations(context.quick)
      return [
        directVariant(context, { rows }, ({ handle }) => {
          const statement = handle.prepare<number[]>(reads.sql)
          const found: unknown[] = []
          for (let index = 0; index < count; index++) found.push(statement.get(...reads.params(index)))
          return { answer: () => found }
        }),
        { name: 'offloop', prepare: async () => throughEngine(context, reads, count) },
        { name: 'offloop, one connection', prepare: () => throughConnection(context, reads, count) },
      ]
    },
  }
}

function throughEngine({ files }: CaseContext, reads: Reads, count: number): Prepared {
  const engine = createEngine(urlOf(files.copy(rows)), { readers })
  return {
    run: () => readAll(reads, count, (params) => engine.execute(reads.sql, params).first()),
    close: () => engine.close(),
  }
}

async function throughConnection({ files }: CaseContext, reads: Reads, count: number): Promise<Prepared> {
  const engine = createEngine(urlOf(files.copy(rows)))
  const connection = await engine.connect()
  return {
    run: () => readAll(reads, count, (params) => connection.execute(reads.sql, params).first()),
    close: () => engine.close(),
  }
}

async function readAll({ inFlight, params }: Reads, count: number, read: (params: readonly number[]) => Promise<unknown>) {
  const found = await gatherTasks(inFlight, count, (index) => read(params(index)))
  return { answer: () => found }
}
