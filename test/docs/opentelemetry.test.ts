import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { context, SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import * as conventions from '@opentelemetry/semantic-conventions'
import { type AsyncEngine, createEngine } from 'offloop'
import { type TemporaryDatabase, temporaryDatabase } from 'offloop/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { describeOnServer, testServers } from '../test-servers.ts'
import { readPage } from './page.ts'
import { Workspace } from './workspace.ts'

// The file of the guide, as a reader has it.
const page = readPage('docs/opentelemetry.md')
const workspace = new Workspace()
workspace.writeFiles('guide', page)
const { traceDatabases } = await import(pathToFileURL(join(workspace.folder, 'guide', 'telemetry.ts')).href)

const exporter = new InMemorySpanExporter()
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
const tracer = provider.getTracer('test')
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
const stop: () => void = traceDatabases(provider)
afterAll(() => {
  stop()
  context.disable()
  workspace[Symbol.dispose]()
})
beforeEach(() => exporter.reset())

const spansOf = (operation: string): readonly ReadableSpan[] =>
  exporter.getFinishedSpans().filter(({ attributes }) => attributes[conventions.ATTR_DB_OPERATION_NAME] === operation)
const parentOf = ({ parentSpanContext }: ReadableSpan): string | undefined => parentSpanContext?.spanId
const microseconds = ([seconds, nanoseconds]: readonly [number, number]): number => seconds * 1e6 + nanoseconds / 1e3

/** Runs work inside a span of the program; gives the span's id. */
async function inSpan(work: () => Promise<unknown>): Promise<string> {
  return await tracer.startActiveSpan('request', async (span) => {
    try {
      await work()
    } finally {
      span.end()
    }
    return span.spanContext().spanId
  })
}

describe('a file', () => {
  let engine: AsyncEngine
  beforeEach(async () => {
    engine = createEngine('sqlite://', { pool: { max: 2 } })
    await engine.script('create table t (id integer primary key, x text unique)')
    exporter.reset()
  })
  afterEach(() => engine.close())

  test('each way to run a statement makes one span, whose parent is the active one', async () => {
    const id = await inSpan(async () => {
      await engine.execute('insert into t (x) values (?)', ['a'])
      await engine.executeMany('replace into t (x) values (?)', [['b'], ['c']])
      await engine.script('delete from t where id = 9')
      for await (const _ of engine.stream('with r as (select x from t) select x from r'));
      await using conn = await engine.connect()
      await conn.scalar('select count(*) from t')
      await conn.transaction((tx) => tx.execute("update t set x = 'd' where x = 'c'"))
    })
    for (const operation of ['INSERT', 'REPLACE', 'DELETE', 'WITH', 'SELECT', 'UPDATE']) {
      expect(spansOf(operation).map(parentOf), operation).toEqual([id])
    }
    expect(exporter.getFinishedSpans().every(({ kind, name }) => kind === SpanKind.CLIENT || name === 'request')).toBe(true)
  })

  test('what runs at once has parents of its own, while it waits for a connection too', async () => {
    const ids = await Promise.all(
      ['1', '2', '3', '4'].map(async (value) => {
        const id = await inSpan(() => engine.transaction((tx) => tx.scalar(`select ${value}`)))
        return [value, id] as const
      }),
    )
    const transactions = exporter.getFinishedSpans().filter(({ name }) => name === 'transaction')
    for (const [value, id] of ids) {
      const select = spansOf('SELECT').find(({ attributes }) => attributes[conventions.ATTR_DB_QUERY_TEXT] === `select ${value}`)
      expect(select && parentOf(select)).toBe(id)
      expect(transactions.filter((span) => parentOf(span) === id)).toHaveLength(1)
    }
  })

  test('a span lasts as long as its work, inside its parent', async () => {
    await inSpan(() => engine.transaction((tx) => tx.scalar('select 1')))
    const durations = exporter.getFinishedSpans().map(({ name, duration }) => [name, microseconds(duration)] as const)
    expect(durations.map(([name]) => name)).toEqual([expect.stringMatching(/^SELECT/), 'transaction', 'request'])
    const [[, select = 0] = [], [, transaction = 0] = [], [, request = 0] = []] = durations
    expect(select).toBeGreaterThan(0)
    expect(transaction).toBeGreaterThan(select)
    expect(request).toBeGreaterThan(transaction)
  })

  test('a statement that fails says so, with the code of the database', async () => {
    await engine.execute('insert into t (x) values (?)', ['c4n4ry'])
    await engine.execute('insert into t (x) values (?)', ['c4n4ry']).catch(() => {})
    await engine.scalar('select 1', [], { signal: AbortSignal.abort() }).catch(() => {})
    const [, refused] = spansOf('INSERT')
    expect(refused?.status.code).toBe(SpanStatusCode.ERROR)
    expect(refused?.attributes).toMatchObject({
      [conventions.ATTR_ERROR_TYPE]: 'IntegrityError',
      [conventions.ATTR_DB_RESPONSE_STATUS_CODE]: 'SQLITE_CONSTRAINT_UNIQUE',
    })
    expect(inspect(exporter.getFinishedSpans(), { depth: 10 })).not.toContain('c4n4ry')
  })
})

for (const server of Object.values(testServers)) {
  describeOnServer(server, server.name, () => {
    let database: TemporaryDatabase
    beforeAll(async () => {
      database = await temporaryDatabase({ url: server.url, reflect: false })
    })
    afterAll(() => database[Symbol.asyncDispose]())

    test('spans say which server and which database', async () => {
      const { host, port, database: name } = database.url
      const id = await inSpan(() => database.engine.scalar('select 1'))
      const [select] = spansOf('SELECT')
      expect(select?.name).toBe(`SELECT ${name}`)
      expect(select && parentOf(select)).toBe(id)
      expect(select?.attributes).toEqual({
        [conventions.ATTR_DB_SYSTEM_NAME]: server.name,
        [conventions.ATTR_DB_NAMESPACE]: name,
        [conventions.ATTR_DB_OPERATION_NAME]: 'SELECT',
        [conventions.ATTR_DB_QUERY_TEXT]: 'select 1',
        [conventions.ATTR_SERVER_ADDRESS]: host,
        [conventions.ATTR_SERVER_PORT]: port,
      })
    })

    test('a statement that fails has the code of the server', async () => {
      await database.engine.scalar('select nothing').catch(() => {})
      const [select] = spansOf('SELECT')
      expect(select?.attributes).toMatchObject({
        [conventions.ATTR_ERROR_TYPE]: 'ProgrammingError',
        [conventions.ATTR_DB_RESPONSE_STATUS_CODE]: expect.stringMatching(/^\w+$/),
      })
    })
  })
}

test('no span is made when it has been stopped', async () => {
  const own = new InMemorySpanExporter()
  const stopOwn: () => void = traceDatabases(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: own })] }))
  await using engine = createEngine('sqlite://')
  await engine.scalar('select 1')
  stopOwn()
  await engine.scalar('select 2')
  expect(own.getFinishedSpans()).toHaveLength(1)
})
