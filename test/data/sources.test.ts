import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { AbortError, type AsyncEngine, IntegrityError } from 'offloop'
import { bulkLoad, exportData as exportQuery } from 'offloop/dal'
import { exportData, type ImportProgress, importData } from 'offloop/data'
import { integer, MetaData, string, Table } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeDialects, rejectionOf } from '../conformance/targets.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const csv = { format: 'csv', table: 'person' } as const
/** As long as nobody says otherwise, no row is refused. */
const lines = (count: number, name = (id: number) => `n${id}`) => Array.from({ length: count }, (_, id) => `${id},${name(id)}\n`).join('')

describeDialects((fixture) => {
  async function people(engine = fixture.engine()) {
    const metadata = new MetaData()
    const person = new Table('person', metadata, { id: integer({ primaryKey: true }), name: string(20, { unique: true }) })
    await metadata.createAll(engine)
    return { engine, person, count: () => engine.scalar('select count(*) from person') }
  }

  /** Until somebody waits for a lock in this database. */
  async function untilBlocked(engine: AsyncEngine): Promise<void> {
    const waiting =
      engine.dialect.name === 'postgresql'
        ? `select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`
        : `select count(*) from information_schema.processlist where db = database() and info like 'insert into %person%'`
    while (Number(await engine.scalar(waiting)) === 0) await turn()
  }

  test('a stream that fails before its turn has come is a rejection, not the end of the process', async () => {
    const { engine, person } = await people(fixture.engine({ pool: { max: 1 } }))
    const missing = () => createReadStream(join(fixture.folder, 'none.csv'))
    const nowhere = () => createWriteStream(join(fixture.folder, 'none', 'a.csv'))
    /** What the work rejects with, which has its turn when the stream has failed. */
    async function failureOf<S extends NodeJS.EventEmitter>(make: () => S, work: (stream: S) => Promise<unknown>): Promise<Error> {
      const held = await engine.connect()
      const stream = make()
      const failure = rejectionOf(work(stream))
      await new Promise((resolve) => stream.once('close', resolve))
      await held.close()
      return await failure
    }
    const failures = [
      await failureOf(missing, (source) => importData(engine, source, csv)),
      await failureOf(missing, (source) => bulkLoad(engine, { source, format: 'csv', into: person })),
      await failureOf(missing, (source) => bulkLoad(engine, { source, format: 'csv', load: 'select 1' })),
      await failureOf(missing, (rows) => engine.executeMany(person.insert(), rows)),
      await failureOf(nowhere, (output) => exportData(engine, output, csv)),
      await failureOf(nowhere, (output) => exportQuery(engine, 'select 1 as a', output, { format: 'csv' })),
    ]
    expect(failures).toEqual(failures.map(() => expect.objectContaining({ code: 'ENOENT' })))
  })

  test('an import with a signal keeps no more of its source than one without', async () => {
    const { engine } = await people()
    const seen: WeakRef<Buffer>[] = []
    let kept = -1
    async function* chunks() {
      for (let id = 0; id < 60; id++) {
        const chunk = Buffer.from(`${id === 0 ? 'id,name\n' : ''}${id},n${id}\n`)
        seen.push(new WeakRef(chunk))
        yield chunk
        await turn()
      }
      collectGarbage()
      kept = seen.filter((chunk) => chunk.deref() !== undefined).length
    }
    await importData(engine, chunks(), { ...csv, signal: new AbortController().signal })
    expect(seen).toHaveLength(60)
    expect(kept).toBeLessThan(10)
  })

  test('a signal ends an import of a single long text while it is being read', async () => {
    const { engine, count } = await people()
    const abort = new AbortController()
    const told: number[] = []
    const onProgress = ({ rows }: ImportProgress): void => {
      told.push(rows)
      abort.abort('enough')
    }
    const text = `id,name\n${lines(20_000)}`
    const refusal = await rejectionOf(importData(engine, text, { ...csv, onProgress, signal: abort.signal }))
    expect([refusal.constructor, refusal.cause]).toEqual([AbortError, 'enough'])
    expect(told.at(-1)).toBeLessThan(5_000)
    expect(await count()).toBe(0)
  })

  test('a refused row ends an import, and its source, though that never gives another one', async () => {
    const { engine, person, count } = await people()
    const text = `id,name\n${lines(600, (id) => `n${id === 300 ? 7 : id}`)}`
    const json = text.replaceAll(/(\d+),(\w+)\n/g, '{"id": $1, "name": "$2"}\n').replace(/.*\n/, '')
    const works: readonly [string, (source: Readable) => Promise<unknown>][] = [
      [text, (source) => importData(engine, source, csv)],
      [json, (source) => importData(engine, source, { ...csv, format: 'jsonl' })],
      [`[{"model": "person", "data": [${json.trim().replaceAll('\n', ',\n')}`, (source) => importData(engine, source, { format: 'json' })],
      [text, (source) => bulkLoad(engine, { source, format: 'csv', into: person })],
    ]
    for (const [given, work] of works) {
      const source = new PassThrough()
      source.write(given)
      const refusal = await rejectionOf(work(source))
      expect(refusal).toBeInstanceOf(IntegrityError)
      expect(refusal.message).toMatch(/^Line 30[12][,:] /)
      expect(source.destroyed).toBe(true)
      expect(await count()).toBe(0)
    }
  })

  test('a stream that keeps an import waiting is closed when that is given up', async () => {
    const { engine } = await people()
    const abort = new AbortController()
    const source = new PassThrough()
    source.write('id,name\n1,a\n')
    const refusal = rejectionOf(importData(engine, source, { ...csv, signal: abort.signal }))
    while (source.readableLength > 0) await turn()
    abort.abort('enough')
    expect(await refusal).toMatchObject({ name: 'AbortError', cause: 'enough' })
    expect(source.destroyed).toBe(true)
  })

  if (fixture.target.storage === 'server') {
    test('a signal ends an import that waits for a lock', async () => {
      const { engine, count } = await people()
      const other = await engine.begin()
      await other.execute(`insert into person (id, name) values (1, 'a')`)
      const abort = new AbortController()
      const refusal = rejectionOf(importData(engine, 'id,name\n2,b\n1,c\n', { ...csv, signal: abort.signal }))
      await untilBlocked(engine)
      abort.abort('enough')
      expect(await refusal).toMatchObject({ name: 'AbortError', cause: 'enough' })
      await other.rollback()
      expect(await count()).toBe(0)
    })
  }

  if (fixture.target.driver === 'pg') {
    test('a signal ends an export that is still counting', async () => {
      const { engine, person } = await people()
      const other = await engine.begin()
      await other.execute('lock table person in access exclusive mode')
      const abort = new AbortController()
      const options = { format: 'csv', table: person, signal: abort.signal, onProgress: () => {} } as const
      const refusal = rejectionOf(exportData(engine, new PassThrough(), options))
      await untilBlocked(engine)
      abort.abort('enough')
      expect(await refusal).toMatchObject({ name: 'AbortError', cause: 'enough' })
      await other.rollback()
    })
  }
})
