import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { AsyncConnection, AsyncEngine } from 'offloop'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rejectionOf } from '../conformance/targets.ts'
import { describeServers, type Server } from './servers.ts'

async function makeTable(engine: AsyncEngine, server: Server): Promise<string> {
  const table = server.table('copied')
  await engine.execute(`create table ${table} (id integer primary key, name text)`)
  return table
}

/** Holds up whoever would insert a row of this key, until the transaction ends. */
async function lockKey(engine: AsyncEngine, table: string, id: number) {
  const tx = await engine.begin()
  await tx.execute(`insert into ${table} values (${id}, 'held')`)
  return tx
}

/** Resolves when the connection's own process waits for something on the server. */
async function untilWaiting(watcher: AsyncEngine, processId: number, waitEvent: string): Promise<void> {
  const waiting = 'select count(*) from pg_stat_activity where pid = $1 and wait_event_type = $2'
  while (Number(await watcher.scalar(waiting, [processId, waitEvent])) === 0);
}

const processIdOf = async (connection: AsyncConnection) => Number(await connection.scalar('select pg_backend_pid()'))

function* numbered(count: number, from = 1): Generator<[number, string]> {
  for (let id = from; id < from + count; id++) yield [id, `name ${id}`]
}

describeServers(
  (server) => {
    describe('executeMany() of COPY … FROM STDIN', () => {
      const count = async (engine: Pick<AsyncEngine, 'scalar'>, table: string) =>
        Number(await engine.scalar(`select count(*) from ${table}`))

      test('stores the rows of a generator, of a stream of the same connection and of no one', async () => {
        const engine = server.engine()
        const [table, other] = [await makeTable(engine, server), await makeTable(engine, server)]
        await using connection = await engine.connect()
        expect(await connection.executeMany(`copy ${table} (id, name) from stdin`, numbered(20_000))).toEqual({ rowcount: 20_000 })
        const rows = connection.stream<[number, string]>(`select * from ${table}`, [], { rowMode: 'array' })
        expect(await connection.executeMany(`copy ${other} from stdin where id > 5`, rows)).toEqual({ rowcount: 19_995 })
        expect(await connection.executeMany(`copy ${other} from stdin`, [])).toEqual({ rowcount: 0 })
        expect(await count(connection, other)).toBe(19_995)
      })

      test('passes an error of the rows on as it is; inside a transaction what was done before stays', async () => {
        const engine = server.engine()
        const table = await makeTable(engine, server)
        const mine = new Error('mine')
        function* failing() {
          yield* numbered(9_000)
          throw mine
        }
        await engine.transaction(async (tx) => {
          await tx.executeMany(`copy ${table} from stdin`, [[0, 'before']])
          expect(await rejectionOf(tx.executeMany(`copy ${table} from stdin`, failing()))).toBe(mine)
          expect(await rejectionOf(tx.executeMany(`copy ${table} from stdin`, [...numbered(9_000), [7, 'twice']]))).toMatchObject({
            ...{ name: 'IntegrityError', driverCode: '23505', table, columns: ['id'] },
          })
          await tx.executeMany(`copy ${table} from stdin`, [[1, 'after']])
        })
        expect(await engine.execute(`select name from ${table} order by id`).scalars()).toEqual(['before', 'after'])
      })

      test('refuses rows of another kind, number or value, and shows none of them', async () => {
        const engine = server.engine()
        const table = await makeTable(engine, server)
        for (const [row, name, message] of [
          [{ id: 2, name: 'b' }, 'TypeError', 'Row 2: expected a list of one value for each column, found a plain object.'],
          [[2], 'ProgrammingError', 'Row 2: expected 2 values, as in the first row, found 1.'],
          [[2, 'b', 'c'], 'ProgrammingError', 'Row 2: expected 2 values, as in the first row, found 3.'],
          [[2, 'secret\0'], 'RangeError', 'Row 2: Parameter 2 holds a NUL character: postgresql cannot store it in a text.'],
          [[2, undefined], 'TypeError', expect.stringContaining('Row 2: Parameter 2 is undefined')],
          [['secret', 'b'], 'DataError', 'invalid input syntax for type integer: "***"'],
        ] as const) {
          const error = await rejectionOf(engine.executeMany(`copy ${table} from stdin`, [[1, 'a'], row]))
          expect(error).toMatchObject({ name, message })
          expect(JSON.stringify(Object.entries(error)) + error.stack + String(error.cause)).not.toContain('secret')
        }
        expect(await rejectionOf(engine.executeMany(`copy ${table} from stdin`, [[1]]))).toMatchObject({
          ...{ name: 'ProgrammingError', message: 'COPY has 2 columns, but each row has 1 values.' },
        })
        for (const statement of [
          `copy ${table} from stdin (format csv)`,
          `copy ${table} from stdin binary`,
          `copy ${table} from '/dev/null'`,
        ])
          expect(await rejectionOf(engine.executeMany(statement, [[1, 'a']]))).toMatchObject({ name: 'NotSupportedError' })
        const alone = await rejectionOf(engine.execute(`copy ${table} from stdin`))
        expect(alone).toMatchObject({ name: 'NotSupportedError', message: expect.stringContaining('executeMany(statement, rows)') })
        expect(await count(engine, table)).toBe(0)
      })

      test('is given up while the server waits for a lock, and its connection goes on', async () => {
        const engine = server.engine()
        const table = await makeTable(engine, server)
        const holding = await lockKey(engine, table, 5_000)
        await using connection = await engine.connect()
        const processId = await processIdOf(connection)
        const controller = new AbortController()
        const many = connection.executeMany(`copy ${table} from stdin`, numbered(9_000), { signal: controller.signal })
        const refused = expect(many).rejects.toMatchObject({ name: 'AbortError', cause: 'enough' })
        await untilWaiting(engine, processId, 'Lock')
        controller.abort('enough')
        await refused
        await expect(connection.executeMany(`copy ${table} from stdin`, numbered(9_000), { timeoutMs: 200 })).rejects.toMatchObject({
          name: 'StatementTimeoutError',
        })
        await holding.rollback()
        expect(await connection.executeMany(`copy ${table} from stdin`, numbered(9_000))).toEqual({ rowcount: 9_000 })
        expect(await processIdOf(connection)).toBe(processId)
      })

      test('in a transaction that has failed is refused', async () => {
        const engine = server.engine()
        const table = await makeTable(engine, server)
        await using connection = await engine.connect()
        const tx = await connection.begin()
        await rejectionOf(tx.execute('select 1 / 0'))
        expect(await rejectionOf(tx.executeMany(`copy ${table} from stdin`, numbered(1)))).toMatchObject({
          name: 'TransactionAbortedError',
        })
        await tx.rollback()
        expect(await connection.executeMany(`copy ${table} from stdin`, numbered(1))).toEqual({ rowcount: 1 })
      })

      test('fails with the connection that the server ends, and close({ force: true }) ends it', async () => {
        const watcher = server.engine()
        const engine = server.engine()
        const table = await makeTable(engine, server)
        const holding = await lockKey(watcher, table, 5_000)
        const work = async () => {
          const connection = await engine.connect()
          const processId = await processIdOf(connection)
          const many = rejectionOf(connection.executeMany(`copy ${table} from stdin`, numbered(9_000)))
          await untilWaiting(watcher, processId, 'Lock')
          return { connection, processId, many }
        }
        const ended = await work()
        await watcher.execute('select pg_terminate_backend($1)', [ended.processId]).first()
        expect(await ended.many).toMatchObject({ name: 'OperationalError' })
        await ended.connection.close()
        const forced = await work()
        await engine.close({ force: true })
        expect((await forced.many).name).toMatch(/^(?:ResourceClosedError|WorkerTerminatedError|OperationalError)$/)
        await holding.rollback()
        expect(await count(watcher, table)).toBe(0)
      })
    })

    describe('the worker', () => {
      let folder: string
      beforeAll(() => {
        folder = mkdtempSync(join(tmpdir(), 'offloop-copy-'))
      })
      afterAll(() => rmSync(folder, { recursive: true }))

      test('dies in the middle, and the rows are gone with it', async () => {
        const module = pathToFileURL(join(folder, 'exit.mjs'))
        writeFileSync(module, 'export const exit = () => process.exit(1)')
        const watcher = server.engine()
        const engine = server.engine({ threads: 1 })
        const table = await makeTable(watcher, server)
        const holding = await lockKey(watcher, table, 5_000)
        await using connection = await engine.connect()
        await using other = await engine.connect()
        const processId = await processIdOf(connection)
        const many = rejectionOf(connection.executeMany(`copy ${table} from stdin`, numbered(9_000)))
        await untilWaiting(watcher, processId, 'Lock')
        await rejectionOf(other.call(module, 'exit'))
        expect(await many).toMatchObject({ name: 'WorkerTerminatedError' })
        await holding.rollback()
        expect(Number(await watcher.scalar(`select count(*) from ${table}`))).toBe(0)
        expect(await engine.scalar('select 1')).toBe(1)
      })
    })

    describe('COPY … TO STDOUT', () => {
      const endless = `copy (select n, repeat('x', 500) from generate_series(1, 200000) n) to stdout`

      test('gives its lines to every way of reading', async () => {
        const engine = server.engine()
        const statement = `copy (values (1, 'a'), (2, null), (3, '')) to stdout (format csv)`
        expect(await engine.execute(statement).fetchall()).toEqual([{ data: '1,a\n' }, { data: '2,\n' }, { data: '3,""\n' }])
        expect(await engine.execute(statement).scalars()).toEqual(['1,a\n', '2,\n', '3,""\n'])
        expect(await engine.execute(statement).first()).toEqual({ data: '1,a\n' })
        const lines: string[] = []
        for await (const [line] of engine.stream<[string]>(statement, [], { rowMode: 'array' })) lines.push(line)
        expect(lines.join('')).toBe('1,a\n2,\n3,""\n')
        await using result = await engine.execute(statement)
        expect(result).toMatchObject({ returnsRows: true, rowcount: -1, columns: [{ name: 'data' }] })
        await engine.transaction(
          async (tx) => {
            expect(await tx.execute(statement).fetchall()).toHaveLength(3)
          },
          { readonly: true },
        )
      })

      test('waits on the server for a reader that is slow', async () => {
        const [engine, watcher] = [server.engine(), server.engine()]
        await using connection = await engine.connect()
        const processId = await processIdOf(connection)
        const stream = connection.stream<{ data: string }>(endless)[Symbol.asyncIterator]()
        await stream.next()
        await untilWaiting(watcher, processId, 'Client')
        let count = 1
        while ((await stream.next()).done !== true) count++
        expect(count).toBe(200_000)
      })

      test('left early, or given up, it leaves a connection that goes on', async () => {
        const engine = server.engine({ pool: { max: 1 } })
        for await (const { data } of engine.stream<{ data: string }>(endless)) {
          expect(data).toHaveLength(503)
          break
        }
        const controller = new AbortController()
        const reading = rejectionOf(async () => {
          for await (const _ of engine.stream(endless, [], { signal: controller.signal })) controller.abort('enough')
        })
        expect(await reading).toMatchObject({ name: 'AbortError', cause: 'enough' })
        const late = engine.execute('copy (select pg_sleep(60)) to stdout', [], { timeoutMs: 100 })
        expect(await rejectionOf(late)).toMatchObject({ name: 'StatementTimeoutError' })
        await engine.transaction(async (tx) => {
          for await (const _ of tx.stream(endless)) break
          expect(await tx.scalar('select 1')).toBe(1)
        })
        expect(engine.status()).toMatchObject({ inUse: 0 })
      })

      test('that fails says so, and one that is not text is refused', async () => {
        const engine = server.engine()
        expect(await rejectionOf(engine.execute('copy (select 1 / 0) to stdout').fetchall())).toMatchObject({ name: 'DataError' })
        expect(await rejectionOf(engine.execute('copy (select 1) to stdout (format binary)').fetchall())).toMatchObject({
          ...{ name: 'NotSupportedError', message: expect.stringContaining('text or csv') },
        })
        expect(await rejectionOf(engine.executeMany('copy (select 1) to stdout', [[1]]))).toMatchObject({ name: 'ProgrammingError' })
        expect(await rejectionOf(engine.script('copy (select 1) to stdout'))).toMatchObject({ name: 'NotSupportedError' })
        expect(await engine.scalar('select 1')).toBe(1)
      })
    })
  },
  ['postgresql'],
)
