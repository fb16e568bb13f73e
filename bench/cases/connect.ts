import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { createEngine } from 'offloop'
import type { BenchCase, CaseContext, Outcome, Prepared } from '../bench-case.ts'
import { urlOf } from '../offloop-client.ts'
import { median } from '../statistics.ts'

const rows = 1_000
const warmConnects = 50

export const connect: BenchCase = {
  module: import.meta.url,
  name: 'connect',
  title: 'connect(), until the file is open',
  unit: 'op',
  metrics: ['connectMs'],
  operations: (quick) => (quick ? 2 : 10),
  targets: [
    { of: 'offloop, idle connection', metric: 'connectMs', atMost: 0.3 },
    { of: 'offloop, cold', metric: 'connectMs', atMost: 1.25, relativeTo: 'bare worker' },
  ],
  variants(context) {
    const count = this.operations(context.quick)
    return [
      { name: 'offloop, idle connection', prepare: () => warm(context, { keepsConnection: true }) },
      { name: 'offloop, idle thread', prepare: () => warm(context, { keepsConnection: false }) },
      { name: 'offloop, cold', prepare: async () => cold(context, count) },
      { name: 'bare worker', prepare: async () => bareWorker(context, count) },
    ]
  },
}

/** A connection of before is in the pool, or only the thread that it ran on. */
async function warm({ files }: CaseContext, { keepsConnection }: { readonly keepsConnection: boolean }): Promise<Prepared> {
  const engine = createEngine(urlOf(files.copy(rows)))
  const connectOnce = async (): Promise<number> => {
    const startedAt = performance.now()
    const connection = await engine.connect()
    const elapsedMs = performance.now() - startedAt
    if (!keepsConnection) connection.invalidate()
    await connection.close()
    return elapsedMs
  }
  // The first one starts the thread.
  await connectOnce()
  return { run: () => repeat(warmConnects, connectOnce), close: () => engine.close() }
}

/** The first connection of an engine: a thread is started, and the driver loaded. */
function cold({ files }: CaseContext, count: number): Prepared {
  const url = urlOf(files.copy(rows))
  const connectOnce = async (): Promise<number> => {
    const startedAt = performance.now()
    const engine = createEngine(url)
    await engine.connect()
    const elapsedMs = performance.now() - startedAt
    await engine.close()
    return elapsedMs
  }
  return { run: () => repeat(count, connectOnce), close: async () => {} }
}

/** What is left of that when there is nothing but a worker which opens the file with the driver. */
function bareWorker({ files }: CaseContext, count: number): Prepared {
  const workerData = files.copy(rows)
  const connectOnce = async (): Promise<number> => {
    const startedAt = performance.now()
    const worker = new Worker(new URL('./bare-worker.mjs', import.meta.url), { workerData })
    await once(worker, 'message')
    const elapsedMs = performance.now() - startedAt
    await worker.terminate()
    return elapsedMs
  }
  return { run: () => repeat(count, connectOnce), close: async () => {} }
}

async function repeat(count: number, connectOnce: () => Promise<number>): Promise<Outcome> {
  const times: number[] = []
  for (let n = 0; n < count; n++) times.push(await connectOnce())
  return { answer: () => null, metrics: { connectMs: median(times) } }
}
