import { execFileSync } from 'node:child_process'
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { text as readAll } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { AbortError, ArgumentError, DataError, InvalidRequestError, sql } from 'offloop'
import { type ExportProgress, exportData, exportText, importData } from 'offloop/data'
import { Session } from 'offloop/orm'
import { integer, MetaData, string, Table, text } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeDialects, rejectionOf } from '../conformance/targets.ts'
import { tableOption } from './table-option.ts'

function libraryTables() {
  const metadata = new MetaData()
  const book = new Table('book', metadata, {
    id: integer({ primaryKey: true }),
    writer: integer({ references: 'writer.id' }),
    title: string(50),
    loud: string(50, { generated: { as: sql`upper(title)`, stored: true } }),
  })
  const writer = new Table('writer', metadata, { id: integer({ primaryKey: true }), name: text() })
  const empty = new Table('empty', metadata, { id: integer({ primaryKey: true }) })
  new Table('titles', metadata, { title: string(50) }, { view: 'select title from book' })
  return { metadata, book, writer, empty }
}

const yaml = `- model: writer
  data:
    - id: 1
      name: Ada
    - id: 2
      name: "no"
- model: book
  data:
    - id: 3
      writer: 2
      title: "a \\"b\\"\\n"
    - id: 10
      writer: null
      title: ""
- model: empty
  data: []
`
const json = `[
{"model":"writer","data":[
{"id":1,"name":"Ada"},
{"id":2,"name":"no"}]},
{"model":"book","data":[
{"id":3,"writer":2,"title":"a \\"b\\"\\n"},
{"id":10,"writer":null,"title":""}]},
{"model":"empty","data":[]}
]
`
const jsonl = '{"id":3,"writer":2,"title":"a \\"b\\"\\n"}\n{"id":10,"writer":null,"title":""}\n'
const csv = 'id,writer,title\n3,2,"a ""b""\n"\n10,,""\n'

describeDialects((fixture) => {
  async function library() {
    const engine = fixture.engine()
    const tables = libraryTables()
    const { metadata, book, writer } = tables
    await metadata.createAll(engine)
    await engine.executeMany(writer.insert(), [
      { id: 2, name: 'no' },
      { id: 1, name: 'Ada' },
    ])
    await engine.executeMany(book.insert(), [
      { id: 10, writer: null, title: '' },
      { id: 3, writer: 2, title: 'a "b"\n' },
    ])
    return { engine, ...tables }
  }

  test('tables come before those that refer to them, rows in the order of their keys, and the text is exactly this', async () => {
    const { engine, metadata, book } = await library()
    expect(await exportText(engine, { format: 'yaml', metadata })).toBe(yaml)
    expect(await exportText(new Session(engine), { format: 'json', tables: ['book', 'empty', 'writer'], metadata })).toBe(json)
    expect(await exportText(engine, { format: 'jsonl', table: 'book' })).toBe(jsonl)
    expect(await exportText(engine, { format: 'csv', table: book })).toBe(csv)
    const all = await exportText(engine, { format: 'yaml' })
    expect(all.match(/model: .*/g)?.sort()).toEqual(['model: book', 'model: empty', 'model: writer'])
    expect(all.indexOf('writer')).toBeLessThan(all.indexOf('book'))
    await using conn = await engine.connect()
    for (const [format, file] of [
      ['yaml', yaml],
      ['json', json],
    ] as const) {
      for (const table of ['book', 'writer']) await conn.execute(`delete from ${table}`)
      expect(await importData(conn, file, { format })).toEqual({ rowcount: 4, tables: { writer: 2, book: 2, empty: 0 } })
      expect(await exportText(conn, { format, metadata })).toBe(file)
    }
  })

  test('what a database has seen of migrations stays with it, unless it is named', async () => {
    const { engine } = await library()
    await engine.execute('create table offloop_migrations (name varchar(200) primary key)')
    await engine.execute("insert into offloop_migrations values ('0001_first')")
    const reflected = new MetaData()
    await reflected.reflect(engine)
    for (const metadata of [undefined, reflected]) {
      const all = await exportText(engine, { format: 'json', metadata })
      expect(all.match(/"model":"\w+"/g)?.sort()).toEqual(['"model":"book"', '"model":"empty"', '"model":"writer"'])
    }
    const named = await exportText(engine, { format: 'json', tables: ['offloop_migrations'] })
    expect(JSON.parse(named)).toEqual([{ model: 'offloop_migrations', data: [{ name: '0001_first' }] }])
  })

  test('a query is written by the names of its columns, and comes back under the name of a table', async () => {
    const { engine, writer } = await library()
    const options = { query: 'select id + 10 as id, name from writer where id > :least order by id', params: { least: 0 } }
    expect(await exportText(engine, { format: 'csv', ...options })).toBe('id,name\n11,Ada\n12,no\n')
    const text = await exportText(engine, { format: 'yaml', table: 'writer', ...options })
    expect(text).toBe('- model: writer\n  data:\n    - id: 11\n      name: Ada\n    - id: 12\n      name: "no"\n')
    await importData(engine, text, { format: 'yaml' })
    const query = writer.select(writer.c.id.gt(10))
    expect(await exportText(engine, { format: 'jsonl', query })).toBe('{"id":11,"name":"Ada"}\n{"id":12,"name":"no"}\n')
  })

  test('a file is there when all of it is; a stream is ended', async () => {
    const { engine } = await library()
    const file = pathToFileURL(join(fixture.folder, 'book.csv'))
    const told: ExportProgress[] = []
    const onProgress = (progress: ExportProgress): void => void told.push(progress)
    expect(await exportData(engine, file, { format: 'csv', table: 'book', onProgress })).toEqual({ rowcount: 2, tables: { book: 2 } })
    expect(readFileSync(file, 'utf8')).toBe(csv)
    expect(told).toEqual([{ table: 'book', rows: 2, totalRows: 2, bytes: csv.length }])
    const stream = new PassThrough()
    const [text] = await Promise.all([readAll(stream), exportData(engine, stream, { format: 'csv', query: 'select 1 as n' })])
    expect(text).toBe('n\n1\n')
    const signal = AbortSignal.abort(new Error('enough'))
    for (const [options, error] of [
      [{ format: 'csv', table: 'book', signal }, AbortError],
      [{ format: 'csv', query: 'select nothing' }, Error],
      [{ format: 'json', table: 'x', query: 'select 1 as a, 2 as a' }, DataError],
      [{ format: 'csv', table: 'bok' }, InvalidRequestError],
    ] as const) {
      expect(await rejectionOf(exportData(engine, file, options))).toBeInstanceOf(error)
    }
    expect(readFileSync(file, 'utf8')).toBe(csv)
    expect(readdirSync(fixture.folder).filter((name) => !name.startsWith('test.db'))).toEqual(['book.csv'])
    const abort = new AbortController()
    const reason = new Error('enough')
    const slow = new Writable({ write: () => abort.abort(reason) })
    const aborted = await rejectionOf(exportData(engine, slow, { format: 'json', signal: abort.signal }))
    expect([aborted.constructor, aborted.cause]).toEqual([AbortError, reason])
    const broken = new Error('the pipe is broken')
    const pipe = new Writable({ write: (_chunk, _encoding, done) => done(broken) })
    expect(await rejectionOf(exportData(engine, pipe, { format: 'yaml' }))).toBe(broken)
    expect(
      await rejectionOf(exportData(engine, file, { format: 'csv', table: 'book', onProgress: () => expect.fail('enough') })),
    ).toMatchObject({
      message: 'enough',
    })
    expect(await engine.scalar('select count(*) from book')).toBe(2)
  })

  test('a file keeps its mode, a link leads where it did, and a pipe is written to', async () => {
    const { engine } = await library()
    const place = (name: string) => join(fixture.folder, name)
    const write = (name: string) => exportData(engine, pathToFileURL(place(name)), { format: 'csv', table: 'book' })
    const secret = place('secret.csv')
    writeFileSync(secret, 'old', { mode: 0o600 })
    await write('secret.csv')
    expect([readFileSync(secret, 'utf8'), statSync(secret).mode & 0o777]).toEqual([csv, 0o600])
    chmodSync(secret, 0o666)
    writeFileSync(secret, 'old')
    mkdirSync(place('links'))
    symlinkSync('../secret.csv', place('links/near.csv'))
    symlinkSync('links/near.csv', place('far.csv'))
    symlinkSync('links/new.csv', place('new.csv'))
    for (const name of ['far.csv', 'new.csv']) await write(name)
    expect(readlinkSync(place('far.csv'))).toBe('links/near.csv')
    expect([readFileSync(secret, 'utf8'), statSync(secret).mode & 0o777]).toEqual([csv, 0o666])
    expect(lstatSync(place('links/new.csv')).isFile()).toBe(true)
    execFileSync('mkfifo', [place('pipe')])
    const [read] = await Promise.all([readFile(place('pipe'), 'utf8'), write('pipe')])
    expect(read).toBe(csv)
    expect(await rejectionOf(write('links'))).toMatchObject({ code: 'EISDIR' })
    expect(await rejectionOf(write('none/a.csv'))).toMatchObject({ code: 'ENOENT' })
    const left = readdirSync(fixture.folder, { recursive: true }).filter((name) => !String(name).startsWith('test.db'))
    expect(left.sort()).toEqual(['far.csv', 'links', 'links/near.csv', 'links/new.csv', 'new.csv', 'pipe', 'secret.csv'])
  })

  test('all tables are of one moment, and inside a transaction they are as that sees them', async () => {
    const { engine, metadata } = await library()
    let isWritten = false
    const stream = new Writable({
      highWaterMark: 1,
      write(_chunk, _encoding, done) {
        if (isWritten) return done()
        isWritten = true
        engine.execute(`insert into empty (id) values (1)`).then(() => done(), done)
      },
    })
    // Pieces are held back until they are worth it: this is more than one.
    await engine.execute('update writer set name = ? where id = 1'.replace('?', engine.dialect.placeholders === 'numbered' ? '$1' : '?'), [
      'x'.repeat(70_000),
    ])
    expect(await exportData(engine, stream, { format: 'yaml', metadata })).toMatchObject({ tables: { writer: 2, book: 2, empty: 0 } })
    expect(isWritten).toBe(true)
    await engine.transaction(async (tx) => {
      await tx.execute('insert into empty (id) values (2)')
      expect(await exportText(tx, { format: 'csv', table: 'empty' })).toBe('id\n1\n2\n')
      await tx.rollback()
    })
  })

  test('long tables are written in pieces, with progress', async () => {
    const { engine, writer } = await library()
    await engine.executeMany(
      writer.insert(),
      Array.from({ length: 5_000 }, (_, index) => ({ id: index + 3, name: `é${'x'.repeat(40)}` })),
    )
    for (const format of ['yaml', 'json', 'csv', 'jsonl'] as const) {
      const told: ExportProgress[] = []
      const stream = new PassThrough()
      const options = { format, table: 'writer', onProgress: (progress: ExportProgress) => void told.push(progress) } as const
      const [data] = await Promise.all([readAll(stream), exportData(engine, stream, options)])
      expect(told.length).toBeGreaterThan(2)
      expect(told.at(-1)).toEqual({ table: 'writer', rows: 5_002, totalRows: 5_002, bytes: Buffer.byteLength(data) })
      await engine.execute('delete from book')
      await engine.execute('delete from writer')
      await importData(engine, data, { format, ...tableOption(format, 'writer') })
      expect(await exportText(engine, options)).toBe(data)
    }
  })

  test('what makes no sense is refused before anything is read', async () => {
    const { engine } = await library()
    const refused: readonly [unknown, unknown, unknown, unknown][] = [
      [engine, new PassThrough(), { format: 'xml', table: 'book' }, ArgumentError],
      [engine, new PassThrough(), undefined, ArgumentError],
      [engine, new PassThrough(), { format: 'csv' }, ArgumentError],
      [engine, new PassThrough(), { format: 'csv', tables: ['book'] }, ArgumentError],
      [engine, new PassThrough(), { format: 'yaml', tables: 'book' }, ArgumentError],
      [engine, new PassThrough(), { format: 'yaml', tables: [5] }, TypeError],
      [engine, new PassThrough(), { format: 'yaml', tables: ['book'], table: 'book' }, ArgumentError],
      [engine, new PassThrough(), { format: 'yaml', query: 'select 1' }, ArgumentError],
      [engine, new PassThrough(), { format: 'yaml', tabels: ['book'] }, ArgumentError],
      [engine, new PassThrough(), { format: 'csv', table: 'book', params: [1] }, ArgumentError],
      [engine, new PassThrough(), { format: 'csv', table: 'book', onProgress: true }, ArgumentError],
      [engine, new PassThrough(), { format: 'csv', table: 'book', signal: new AbortController() }, ArgumentError],
      [engine, 'file.csv', { format: 'csv', table: 'book' }, TypeError],
      [engine, null, { format: 'csv', table: 'book' }, TypeError],
      [{}, new PassThrough(), { format: 'csv', table: 'book' }, TypeError],
    ]
    for (const [place, output, options, error] of refused) {
      const refusal = await rejectionOf(exportData(place as never, output as never, options as never))
      expect(refusal.constructor, JSON.stringify(options)).toBe(error)
    }
  })
})
