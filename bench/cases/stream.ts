import { once } from 'node:events'
import { getHeapStatistics } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { createEngine } from 'offloop'
import { DirectDatabase } from '../baselines/direct.ts'
import type { BenchCase, CaseContext, Metrics, Outcome, Prepared } from '../bench-case.ts'
import { collectGarbage } from '../cities/collect-garbage.ts'
import type { Item } from '../item.ts'
import { urlOf } from '../offloop-client.ts'
import { createRepetition, insertRepetition, repeatedItems } from './repeated-items.ts'

const items = 100_000
const select = `select item.id, item.name, item.price, item.quantity, item.note from ${repeatedItems}`
const rowsBetweenSamples = 100_000
/** About as long as the stream takes. */
const busyMs = 5_000

export const stream: BenchCase = {
  module: import.meta.url,
  name: 'stream',
  title: '5 million rows of 5 columns as a stream of objects',
  unit: 'row',
  metrics: ['operationsPerSecond', 'microsPerOperation', 'mainThreadMicros', 'longestGapMs', 'liveHeapMb'],
  operations: (quick) => (quick ? 200_000 : 5_000_000),
  maxRounds: 3,
  targets: [
    { of: 'offloop', metric: 'operationsPerSecond', atLeast: 0.5, relativeTo: 'direct' },
    { of: 'offloop', metric: 'liveHeapMb', atMost: 8 },
    { of: 'offloop', metric: 'longestGapMs', atMost: 10 },
  ],
  variants(context) {
    const repetitions = this.operations(context.quick) / items
    return [
      { name: 'direct', prepare: async () => readDirectly(context, repetitions) },
      { name: 'offloop', prepare: async () => readThroughOffloop(context, repetitions) },
      // How long the machine itself stops this thread meanwhile: no stream can do better.
      { name: 'nothing', work: { name: 'nothing', operations: 1 }, prepare: async () => waitBesideBusyThread(context) },
    ]
  },
}

function databaseFile({ files }: CaseContext, repetitions: number): string {
  const file = files.copy(items)
  const { handle } = new DirectDatabase(file)
  handle.exec(createRepetition)
  const insert = handle.prepare(insertRepetition)
  for (let n = 1; n <= repetitions; n++) insert.run(n)
  handle.close()
  return file
}

function readDirectly(context: CaseContext, repetitions: number): Prepared {
  const database = new DirectDatabase(databaseFile(context, repetitions))
  const statement = database.handle.prepare<[], Item>(select)
  const read = (onRow: (row: number) => void): Outcome => {
    const sums = new Sums()
    for (const item of statement.iterate()) onRow(sums.add(item))
    return { answer: () => sums }
  }
  return {
    run: async () => read(() => {}),
    observe: () => observeHeap(async (onRow) => read(onRow)),
    close: async () => database.close(),
  }
}

/** Does nothing at all while another thread is as busy as the one that reads. */
function waitBesideBusyThread({ quick }: CaseContext): Prepared {
  return {
    run: async () => {
      const worker = new Worker(new URL('./busy-worker.mjs', import.meta.url), { workerData: quick ? 100 : busyMs })
      await once(worker, 'message')
      return { answer: () => null }
    },
    close: async () => {},
  }
}

function readThroughOffloop(context: CaseContext, repetitions: number): Prepared {
  const engine = createEngine(urlOf(databaseFile(context, repetitions)))
  const read = async (onRow: (row: number) => void): Promise<Outcome> => {
    const sums = new Sums()
    for await (const item of engine.stream<Item>(select)) onRow(sums.add(item))
    return { answer: () => sums }
  }
  return { run: () => read(() => {}), observe: () => observeHeap(read), close: () => engine.close() }
}

/** What is kept of the rows, so that every one of them is looked at. */
class Sums {
  rows = 0
  ids = 0
  prices = 0
  quantities = 0
  characters = 0

  /** Gives how many there have been. */
  add({ id, name, price, quantity, note }: Item): number {
    this.ids += id
    this.prices += price
    this.quantities += quantity
    this.characters += name.length + (note?.length ?? 0)
    return ++this.rows
  }
}

/** The most that was in use on this thread at any sample, garbage not counted, over what was in use before. */
async function observeHeap(read: (onRow: (row: number) => void) => Promise<unknown>): Promise<Metrics> {
  const before = liveBytes()
  let most = before
  await read((row) => {
    if (row % rowsBetweenSamples === 0) most = Math.max(most, liveBytes())
  })
  return { liveHeapMb: (most - before) / 2 ** 20 }
}

/** Column buffers count too: they lie outside of the heap and live as long as an object in it. */
function liveBytes(): number {
  collectGarbage()
  const { used_heap_size, external_memory } = getHeapStatistics()
  return used_heap_size + external_memory
}
