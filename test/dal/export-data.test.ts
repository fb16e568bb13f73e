import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { text as readAll } from 'node:stream/consumers'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { ArgumentError, DataError, sql } from 'offloop'
import { bulkLoad, exportData } from 'offloop/dal'
import { bigInteger, blob, boolean, dateTime, float, integer, json, MetaData, numeric, string, Table } from 'offloop/schema'
import { databaseTest } from 'offloop/testing/vitest'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeDialects, rejectionOf } from '../conformance/targets.ts'

function tables() {
  const metadata = new MetaData()
  const columns = () => ({
    id: integer({ primaryKey: true }),
    name: string(50),
    big: bigInteger(),
    price: numeric(20, 4),
    weight: float(),
    live: boolean(),
    at: dateTime(),
    extra: json(),
    bytes: blob(),
  })
  return { metadata, from: new Table('from_here', metadata, columns()), to: new Table('to_there', metadata, columns()) }
}

describeDialects((fixture) => {
  for (const format of ['csv', 'jsonl'] as const) {
    test(`what is exported as ${format} is loaded as it was`, async () => {
      const engine = fixture.engine()
      const { metadata, from, to } = tables()
      await metadata.createAll(engine)
      const rows = [
        {
          id: 1,
          name: '',
          big: 2n ** 62n,
          price: '1.5000',
          weight: 0.1,
          live: true,
          at: new Date(0),
          extra: { a: ['x', null] },
          bytes: Buffer.from([0, 255]),
        },
        { id: 2, name: null, big: null, price: null, weight: null, live: null, at: null, extra: null, bytes: null },
        {
          id: 3,
          name: ' a,"b"\r\nc\u2028',
          big: -5n,
          price: '-0.0001',
          weight: -1e300,
          live: false,
          at: new Date(1_234),
          extra: [1],
          bytes: Buffer.alloc(0),
        },
      ]
      await engine.executeMany(from.insert(), rows)
      const stream = new PassThrough()
      const [{ rowcount }, data] = await Promise.all([exportData(engine, from.select().orderBy('id'), stream, { format }), readAll(stream)])
      expect(rowcount).toBe(3)
      expect(await bulkLoad(engine, { source: data, format, into: to })).toEqual({ rowcount: 3 })
      expect(await engine.execute(to.select().orderBy('id')).fetchall()).toEqual(rows)
    })
  }
})

// In a file: what is read of a database in memory is kept by its worker, so that others can write.
const fileTest = databaseTest({ directory: tmpdir(), reflect: false, transaction: false })

describe('files and streams', () => {
  const test = fileTest
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'offloop-export-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const endless = 'with recursive n(i) as (select 1 union all select i + 1 from n) select i from n'

  test('the text is exactly this', async ({ engine }) => {
    const query = sql`select 1 as id, ${''} as "a,b", null as none, ${'x "y"'} as name, x'01' as bytes union all select 9007199254740993, 'plain', 'a', '', null`
    const csv = pathToFileURL(join(folder, 'a.csv'))
    const jsonl = pathToFileURL(join(folder, 'a.jsonl'))
    expect(await exportData(engine, query, csv, { format: 'csv' })).toEqual({ rowcount: 2 })
    expect(await exportData(engine, query, jsonl, { format: 'jsonl' })).toEqual({ rowcount: 2 })
    expect(readFileSync(csv, 'utf8')).toBe('id,"a,b",none,name,bytes\n1,"",,"x ""y""",AQ==\n9007199254740993,plain,a,"",\n')
    expect(readFileSync(jsonl, 'utf8')).toBe(
      '{"id":1,"a,b":"","none":null,"name":"x \\"y\\"","bytes":"AQ=="}\n{"id":9007199254740993,"a,b":"plain","none":"a","name":"","bytes":null}\n',
    )
    expect(readdirSync(folder).sort()).toEqual(['a.csv', 'a.jsonl'])
  })

  test('of no rows there is a header, or nothing', async ({ engine }) => {
    const file = pathToFileURL(join(folder, 'none'))
    await exportData(engine, 'select 1 as a, 2 as b where :no', file, { format: 'csv', params: { no: false } })
    expect(readFileSync(file, 'utf8')).toBe('a,b\n')
    await exportData(engine, 'select 1 as a where false', file, { format: 'jsonl' })
    expect(readFileSync(file, 'utf8')).toBe('')
  })

  test('a file that cannot be finished stays as it was', async ({ engine }) => {
    const file = pathToFileURL(join(folder, 'old.jsonl'))
    writeFileSync(file, 'old')
    const query = `select 1 as n union all select 9e999`
    for (const work of [
      () => exportData(engine, query, file, { format: 'jsonl' }),
      () => exportData(engine, 'select 1 as a, 2 as a', file, { format: 'jsonl' }),
    ]) {
      expect(await rejectionOf(work)).toBeInstanceOf(DataError)
    }
    expect((await rejectionOf(exportData(engine, query, file, { format: 'jsonl' }))).message).toMatch(/^Row 2, column "n": /)
    expect(await rejectionOf(exportData(engine, 'select nothing', file, { format: 'csv' }))).toBeInstanceOf(Error)
    const signal = AbortSignal.abort(new Error('enough'))
    for (let time = 0; time < 20; time++)
      expect(await rejectionOf(exportData(engine, endless, file, { format: 'csv', signal }))).toBeInstanceOf(Error)
    expect(readFileSync(file, 'utf8')).toBe('old')
    expect(readdirSync(folder).sort()).toEqual(['old.jsonl'])
  })

  test.for(['csv', 'jsonl'] as const)('a stream that breaks ends an export of %s that would have no end', async (format, { engine }) => {
    const broken = new Error('the pipe is broken')
    let bytes = 0
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        bytes += chunk.length
        done(bytes > 1_000_000 ? broken : null)
      },
    })
    expect(await rejectionOf(exportData(engine, endless, stream, { format }))).toBe(broken)
    expect(await engine.scalar('select 1')).toBe(1)
  })

  test('a stream that is ended before or meanwhile is refused, and the connection is given back', async ({ engine }) => {
    const ended = new PassThrough().end()
    expect(await rejectionOf(exportData(engine, 'select 1', ended, { format: 'csv' }))).toBeInstanceOf(ArgumentError)
    const stream = new PassThrough()
    stream.once('data', () => stream.end()).resume()
    expect(await rejectionOf(exportData(engine, endless, stream, { format: 'csv' }))).toBeInstanceOf(Error)
    expect(engine.status().inUse).toBe(0)
  })

  test('stdout stays open', async () => {
    const program = fileURLToPath(new URL('./export-to-stdout.mjs', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [program])
    expect(stdout).toBe('one\n1\n{"two":2}\nand more\n')
  })

  test('an unknown format, and what is neither file nor stream, are refused', async ({ engine }) => {
    expect(await rejectionOf(exportData(engine, 'select 1', new PassThrough(), { format: 'xml' as never }))).toBeInstanceOf(ArgumentError)
    expect(await rejectionOf(exportData(engine, 'select 1', 'file.csv' as never, { format: 'csv' }))).toBeInstanceOf(TypeError)
    const misspelt = { format: 'csv', parms: [1] } as never
    expect(await rejectionOf(exportData(engine, 'select 1', new PassThrough(), misspelt))).toBeInstanceOf(ArgumentError)
  })
})
