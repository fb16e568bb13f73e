import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createEngine } from 'offloop'
import type { ClientFactory } from '../baselines/client.ts'
import { DirectDatabase } from '../baselines/direct.ts'
import type { BenchCase, CaseContext, Prepared, Variant } from '../bench-case.ts'
import { type Item, selectItem } from '../item.ts'
import { urlOf } from '../offloop-client.ts'
import { percentile } from '../statistics.ts'
import { LoadGenerator } from './load-generator.ts'
import type { Load } from './load-program.ts'
import { createRepetition, insertRepetition, repeatedItems } from './repeated-items.ts'

const rows = 100_000
const repetitions = 20
const users = 16
const restMs = 50
/** Clients with a promise for everything, that call the driver on the thread of their caller. */
const inTheLoop = ['Kysely', '@libsql/client']
/** Looks at two million rows. */
const aggregate = `select count(*) as items, sum(price * quantity) as value, max(length(name)) as longest from ${repeatedItems}`

/** What answers the two kinds of requests: one item, and the aggregate. */
interface Answers {
  item(id: number): unknown
  report(): unknown
  close(): unknown
}

export const httpServer: BenchCase = {
  module: import.meta.url,
  name: 'http-server',
  title: `HTTP server, small requests of ${users} users beside an aggregate that always runs`,
  unit: 'op',
  metrics: ['p99Ms', 'p50Ms', 'operationsPerSecond', 'longestGapMs'],
  // If every answer came at once: a run lasts for a time.
  operations: (quick) => (users * durationMs(quick)) / restMs,
  targets: [
    { of: 'offloop', metric: 'p99Ms', atMost: 2, relativeTo: 'offloop, no aggregate' },
    { of: 'offloop', metric: 'p99Ms', atMost: 0.1, relativeTo: 'direct' },
    { of: 'offloop', metric: 'p99Ms', atMost: 0.1, relativeTo: 'Kysely' },
    { of: 'offloop', metric: 'p99Ms', atMost: 0.1, relativeTo: '@libsql/client' },
  ],
  async variants(context) {
    const load = { users, restMs, rows, durationMs: durationMs(context.quick) }
    const servers = [
      { name: 'offloop', open: answerThroughOffloop },
      { name: 'direct', open: answerDirectly },
      ...(await context.loadBaselines(...inTheLoop)).map(({ name, open }) => ({ name, open: answerThrough(open) })),
    ]
    return servers.flatMap(({ name, open }): readonly Variant[] => [
      { name: `${name}, no aggregate`, prepare: async () => serve(await open(databaseFile(context)), { ...load, heavy: false }) },
      { name, prepare: async () => serve(await open(databaseFile(context)), { ...load, heavy: true }) },
    ])
  },
}

function durationMs(quick: boolean): number {
  return quick ? 500 : 3_000
}

function databaseFile({ files }: CaseContext): string {
  const file = files.copy(rows)
  const { handle } = new DirectDatabase(file)
  handle.exec(createRepetition)
  const insert = handle.prepare(insertRepetition)
  for (let n = 1; n <= repetitions; n++) insert.run(n)
  handle.close()
  return file
}

function answerThrough(open: ClientFactory['open']): (file: string) => Promise<Answers> {
  return async (file) => {
    const client = await open(file)
    return { item: (id) => client.get(id), report: () => client.report?.(aggregate), close: () => client.close() }
  }
}

async function answerThroughOffloop(file: string): Promise<Answers> {
  const engine = createEngine(urlOf(file))
  return {
    item: (id) => engine.execute<Item>(selectItem, [id]).first(),
    report: () => engine.execute(aggregate).first(),
    close: () => engine.close(),
  }
}

async function answerDirectly(file: string): Promise<Answers> {
  const database = new DirectDatabase(file)
  const report = database.handle.prepare(aggregate)
  return { item: (id) => database.get(id), report: () => report.get(), close: () => database.close() }
}

/** The server is in this process, and the thread that is measured is its; whoever asks is in another one. */
async function serve(answers: Answers, load: Omit<Load, 'port'>): Promise<Prepared> {
  const { server, port } = await listen(answers)
  const generator = await LoadGenerator.start()
  return {
    run: async () => {
      const { latenciesMs, bodies } = await generator.run({ ...load, port })
      const metrics = {
        p50Ms: percentile(latenciesMs, 0.5),
        p99Ms: percentile(latenciesMs, 0.99),
        operationsPerSecond: (1_000 * latenciesMs.length) / load.durationMs,
      }
      return { answer: () => bodies, metrics }
    },
    close: async () => {
      await generator.close()
      server.closeAllConnections()
      server.close()
      await answers.close()
    },
  }
}

async function listen(answers: Answers): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer(async ({ url = '' }, response) => {
    const id = /^\/item\/(\d+)$/.exec(url)?.[1]
    const body = JSON.stringify(await (id === undefined ? answers.report() : answers.item(Number(id))))
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(body)
  })
  // Loopback only: nobody else is to be served.
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.')
  return { server, port: address.port }
}
