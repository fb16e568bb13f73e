import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { AbortError, ArgumentError, InvalidRequestError, ResourceClosedError } from 'offloop'
import { type DataSource, type FileFormat, type ImportOptions, type ImportProgress, importData } from 'offloop/data'
import { foreignKey, integer, ModelRegistry, Session, string } from 'offloop/orm'
import { blob, MetaData, integer as number, string as shortText, Table, text } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeDialects, rejectionOf } from '../conformance/targets.ts'
import { tableOption } from './table-option.ts'

const fixtures = `# two tables, in any order
- model: album
  data:
    - {id: 1, title: 'First: "one"', artist: 7}
    - id: 2
      title: |-
        two
        lines
      artist: 8
- model: artist
  data:
    - &ada {id: 7, name: Ada}
    - {<<: *ada, id: 8}
`

describeDialects((fixture) => {
  async function music() {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    class Artist extends models.define('artist', { id: integer({ primaryKey: true }), name: string({ maxLength: 20 }) }) {}
    class Album extends models.define('album', {
      id: integer({ primaryKey: true }),
      title: string({ maxLength: 50 }),
      plays: integer({ default: 5, allowNull: true }),
      artist: foreignKey(() => Artist, { column: 'artist' }),
    }) {}
    await models.createAll()
    return { engine, Artist, Album }
  }

  async function people() {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const person = new Table('person', metadata, { id: number({ primaryKey: true }), name: shortText(20, { unique: true }), photo: blob() })
    await metadata.createAll(engine)
    const names = () => engine.execute('select name from person order by id').scalars<string | null>()
    return { engine, person, names }
  }

  test('a session gets the rows of a YAML text, bytes, file and stream, tables in any order', async () => {
    const { engine, Album } = await music()
    const file = join(fixture.folder, 'fixtures.yaml')
    writeFileSync(file, fixtures)
    const sources: readonly DataSource[] = [
      fixtures,
      Buffer.from(fixtures),
      pathToFileURL(file),
      Readable.from([...fixtures]),
      new Response(fixtures).body as NonNullable<Response['body']>,
      [fixtures.slice(0, 50), Buffer.from(fixtures.slice(50))],
    ]
    for (const source of sources) {
      const db = new Session(engine, { forceRollback: true })
      expect(await importData(db, source, { format: 'yaml' })).toEqual({ rowcount: 4, tables: { album: 2, artist: 2 } })
      const albums = await db.query(Album).orderBy('id').all()
      expect(albums.map(({ title, artist }) => [title, artist.pk])).toEqual([
        ['First: "one"', 7],
        ['two\nlines', 8],
      ])
      await db.close()
      expect(await rejectionOf(importData(db, source, { format: 'yaml' }))).toBeInstanceOf(ResourceClosedError)
    }
    expect(await engine.scalar('select count(*) from artist')).toBe(0)
  })

  test('a MetaData says what columns are when a row leaves them out; without one they are the database’s', async () => {
    const { engine, Artist, Album } = await music()
    await importData(new Session(engine), fixtures, { format: 'yaml', metadata: Album.table.metadata })
    expect((await Album.objects.get({ id: 1 })).plays).toBe(5)
    const csv = 'title,artist\nthree,7\n'
    await importData(engine, csv, { format: 'csv', table: 'album' })
    expect((await Album.objects.get({ title: 'three' })).plays).toBeNull()
    await importData(engine, csv.replace('three', 'four'), { format: 'csv', table: Album.table })
    expect((await Album.objects.get({ title: 'four' })).plays).toBe(5)
    expect((await Artist.objects.create({ name: 'next' })).id).toBe(9)
    expect((await Album.objects.get({ title: 'three' })).id).toBe(3)
  })

  test('what is odd but no mistake is read', async () => {
    const { engine } = await people()
    const odd: readonly [FileFormat, string | Buffer, number][] = [
      ['csv', '\uFEFFname,id\r\n"a,""b""\r\nc",1\r\n\r\n"",2\r\n,3', 3],
      ['csv', Buffer.from('\uFEFFname,id\rx,1\ry,2\r'), 2],
      ['csv', 'id\n1\n2\n', 2],
      ['csv', 'name,id\n', 0],
      ['jsonl', '\uFEFF{"id": 1}\r\n\r\n  {"name": "\u2028", "id": 2}  \r\n\n{"id": 3, "name": null}', 3],
      ['jsonl', '', 0],
      ['json', '\uFEFF [ ] \r\n', 0],
      ['json', '[\r\n{ "data" : [ ] , "model" : "person" },{"model":"person","data":[{"id":1,"name":"]}\\"["}]}]', 1],
      [
        'yaml',
        '\uFEFF%YAML 1.2\r\n---\r\n-   model:   person # here\r\n    data:\r\n    -   id: 0x1\r\n        name: !!str 12\r\n...\r\n',
        1,
      ],
      ['yaml', '[{"model": "person", "data": [{"id": 1, "photo": !!binary "AAH/"}, {id: 2, name: null}, {id: 3, name: ~}]}]', 3],
      ['yaml', '- data:\n  - id: 1\n  - ? id\n    : 2\n    name: >\n      folded\n      text\n  model: "person"\n', 2],
      ['yaml', '[]', 0],
    ]
    for (const [format, source, rowcount] of odd) {
      const table = tableOption(format, 'person')
      expect(await importData(engine, source, { format, ...table }), `${format}: ${source}`).toMatchObject({ rowcount })
      await engine.execute('delete from person')
    }
  })

  test('keys go on behind those of the file, and 0 is one', async () => {
    const { engine, person } = await people()
    await importData(engine, 'id,name\n0,a\n41,b\n7,c\n', { format: 'csv', table: 'person' })
    await engine.execute(person.insert().values({ name: 'd' }))
    expect(await engine.execute('select id from person order by id').scalars()).toEqual([0, 7, 41, 42])
  })

  test('rows of many shapes, with large values, are found again one by one when one of them is refused', async () => {
    const { engine, names } = await people()
    const lines = Array.from({ length: 300 }, (_, id) => {
      const photo = Buffer.alloc(70_000 + id, id).toString('base64')
      return JSON.stringify(id % 3 === 0 ? { id, photo } : id % 3 === 1 ? { name: `n${id}`, id } : { id, name: `n${id}` })
    })
    const refusal = await rejectionOf(
      importData(engine, [...lines, '{"id": 300, "name": "n7"}'].join('\n'), { format: 'jsonl', table: 'person' }),
    )
    expect(refusal.message).toMatch(/^Line 301, column "name": /)
    expect(await names()).toEqual([])
    await importData(engine, lines.join('\n'), { format: 'jsonl', table: 'person' })
    expect(await names()).toEqual(lines.map((_, id) => (id % 3 === 0 ? null : `n${id}`)))
  })

  test('inside a transaction an import that fails leaves what was done before', async () => {
    const { engine, person, names } = await people()
    const options = { format: 'csv', table: 'person' } as const
    await engine.transaction(async (tx) => {
      await tx.execute(person.insert().values({ id: 1, name: 'before' }))
      await rejectionOf(importData(tx, 'id,name\n2,x\n3,before\n', options))
      await importData(tx, 'id,name\n4,after\n', options)
    })
    await using conn = await engine.connect()
    await importData(conn, 'id,name\n5,on a connection\n', options)
    expect(await names()).toEqual(['before', 'after', 'on a connection'])
  })

  test('progress is told up to the end, and what the listener throws ends the import', async () => {
    const { engine, names } = await people()
    const rows = Array.from({ length: 3_500 }, (_, id) => `${id},é${id}`)
    const csv = ['id,name', ...rows].join('\n')
    const told: ImportProgress[] = []
    const options: ImportOptions = { format: 'csv', table: 'person', onProgress: (progress) => told.push(progress) }
    await importData(engine, csv, options)
    const bytes = Buffer.byteLength(csv)
    expect(told.length).toBeGreaterThan(3)
    expect(told.at(-1)).toEqual({ table: 'person', rows: 3_500, bytes, totalBytes: bytes })
    expect(told.map((progress) => progress.rows)).toEqual(told.map((progress) => progress.rows).sort((a, b) => a - b))
    await engine.execute('delete from person')
    // What comes behind the rows is told as well, and that there were none.
    for (const [text, rows] of [
      [`${csv}\n${'\n'.repeat(20_000)}`, 3_500],
      ['id,name\n', 0],
    ] as const) {
      await importData(engine, text, options)
      expect(told.at(-1)).toEqual({ table: 'person', rows, bytes: Buffer.byteLength(text), totalBytes: Buffer.byteLength(text) })
      await engine.execute('delete from person')
    }
    const enough = new Error('enough')
    const stop = ({ totalBytes }: ImportProgress): void => {
      expect(totalBytes).toBeUndefined()
      throw enough
    }
    expect(await rejectionOf(importData(engine, [csv], { ...options, onProgress: stop }))).toBe(enough)
    expect(await names()).toEqual([])
  })

  test('a signal ends an import at once, also one whose source keeps it waiting', async () => {
    const { engine, names } = await people()
    const reason = new Error('enough')
    const options = { format: 'csv', table: 'person' } as const
    const early = await rejectionOf(importData(engine, 'id\n1\n', { ...options, signal: AbortSignal.abort(reason) }))
    expect([early.constructor, early.cause]).toEqual([AbortError, reason])
    const abort = new AbortController()
    async function* stuck() {
      yield ['id,name', ...Array.from({ length: 1_500 }, (_, id) => `${id},n${id}`)].join('\n')
      setImmediate(() => abort.abort(reason))
      await new Promise(() => {})
    }
    const late = await rejectionOf(importData(engine, stuck(), { ...options, signal: abort.signal }))
    expect([late.constructor, late.cause]).toEqual([AbortError, reason])
    expect(await names()).toEqual([])
  })

  test('an error of the source is passed on as it is, and a source that is left early is told so', async () => {
    const { engine, names } = await people()
    const broken = new Error('the stream broke')
    const { promise, resolve } = Promise.withResolvers<string>()
    async function* breaking() {
      yield 'id,name\n1,a\n'
      throw broken
    }
    async function* endless() {
      try {
        for (let id = 0; ; id += 1) yield id === 0 ? 'id,name\n' : `${id},n${id % 2_000}\n`
      } finally {
        resolve('told')
      }
    }
    const options = { format: 'csv', table: 'person' } as const
    expect(await rejectionOf(importData(engine, breaking(), options))).toBe(broken)
    expect((await rejectionOf(importData(engine, endless(), options))).message).toMatch(/^Line 2002, column "name": /)
    expect(await promise).toBe('told')
    expect(await names()).toEqual([])
  })

  test('a table is found by its schema too, and every character of its name is taken as it is', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const odd = new Table('od"d.`ta ble', metadata, { 'a.b "c`': text(), ['__proto__']: number() })
    await metadata.createAll(engine)
    const file = `- model: ${JSON.stringify(odd.name)}\n  data:\n    - 'a.b "c\`': x\n      __proto__: 5\n`
    expect(await importData(engine, file, { format: 'yaml' })).toEqual({ rowcount: 1, tables: { [odd.name]: 1 } })
    const csv = '"a.b ""c`",__proto__\ny,6\n'
    await importData(engine, csv, { format: 'csv', table: `${fixture.schemas.own}.${odd.name}` })
    expect(await engine.execute(odd.select(), [], { rowMode: 'array' }).fetchall()).toEqual([
      ['x', 5],
      ['y', 6],
    ])
    expect(await rejectionOf(importData(engine, csv, { format: 'csv', table: `${fixture.schemas.other}.person` }))).toBeInstanceOf(
      InvalidRequestError,
    )
  })

  test('what makes no sense is refused before anything is read', async () => {
    const { engine } = await people()
    const refused: readonly [unknown, unknown, unknown, unknown][] = [
      [engine, '', { format: 'xml', table: 'person' }, ArgumentError],
      [engine, '', undefined, ArgumentError],
      [engine, '', { format: 'csv' }, ArgumentError],
      [engine, '', { format: 'jsonl' }, ArgumentError],
      [engine, '', { format: 'yaml', table: 'person' }, ArgumentError],
      [engine, '', { format: 'csv', table: 'person', onprogress: () => {} }, ArgumentError],
      [engine, '', { format: 'csv', table: 'person', onProgress: 5 }, ArgumentError],
      [engine, '', { format: 'csv', table: 'person', signal: {} }, ArgumentError],
      [engine, '', { format: 'csv', table: 5 }, TypeError],
      [engine, '', { format: 'csv', table: 'persn' }, InvalidRequestError],
      [engine, '', { format: 'csv', table: '' }, InvalidRequestError],
      [engine, 5, { format: 'json' }, TypeError],
      [engine, null, { format: 'json' }, TypeError],
      [engine, [5], { format: 'json' }, TypeError],
      [{}, '', { format: 'json' }, TypeError],
      [null, '', { format: 'json' }, TypeError],
    ]
    for (const [place, source, options, error] of refused) {
      const refusal = await rejectionOf(importData(place as never, source as never, options as never))
      expect(refusal.constructor, `${JSON.stringify(source)} ${JSON.stringify(options)}`).toBe(error)
    }
    expect((await rejectionOf(importData(engine, '', { format: 'json', metdata: new MetaData() } as never))).message).toBe(
      'importData() has no option "metdata". Did you mean "metadata"?',
    )
    const missing = pathToFileURL(join(fixture.folder, 'none.csv'))
    expect(await rejectionOf(importData(engine, missing, { format: 'csv', table: 'person' }))).toMatchObject({ code: 'ENOENT' })
  })

  if (fixture.target.driver === 'pg') {
    test('a role that may insert, and no more, imports keys; one that may count on does', async () => {
      const engine = fixture.engine()
      const role = `offloop_data_${process.pid}`
      await engine.script(`
        create table person (id int generated by default as identity primary key, name text);
        create role ${role};
        grant usage on schema ${fixture.schemas.own} to ${role};
        grant insert on person to ${role}`)
      try {
        const importAs = (text: string) =>
          engine.transaction(async (tx) => {
            await tx.execute(`set local role ${role}`)
            return await importData(tx, text, { format: 'csv', table: 'person' })
          })
        expect(await importAs('id,name\n41,a\n')).toMatchObject({ rowcount: 1 })
        expect(await engine.scalar(`insert into person (name) values ('b') returning id`)).toBe(1)
        await engine.script(
          `grant select (id) on person to ${role}; grant all on all sequences in schema ${fixture.schemas.own} to ${role}`,
        )
        expect(await importAs('id,name\n50,c\n')).toMatchObject({ rowcount: 1 })
        expect(await engine.scalar(`insert into person (name) values ('d') returning id`)).toBe(51)
      } finally {
        await engine.script(`drop owned by ${role}; drop role ${role}`)
      }
    })
  }

  if (fixture.target.driver === 'mysql2') {
    test('a connection is as it was when the server has ended the transaction of an import', async () => {
      const engine = fixture.engine()
      await engine.script('create table person (id int primary key, name varchar(20)); create table other (id int primary key)')
      await using connection = await engine.connect()
      const mode = await connection.scalar('select @@session.sql_mode')
      const rival = await engine.begin()
      // Who has changed more rows goes on.
      await rival.executeMany(
        'insert into other values (?)',
        Array.from({ length: 3_000 }, (_, id) => [id]),
      )
      await rival.execute(`insert into person values (9000, 'rival')`)
      const sent = Promise.withResolvers<void>()
      let blocked: Promise<unknown> | undefined
      async function* rows() {
        yield `id,name\n${Array.from({ length: 600 }, (_, id) => `${id},n\n`).join('')}`
        await sent.promise
        blocked = rival.execute(`insert into person values (5, 'rival')`)
        const waiting = `select count(*) from information_schema.processlist where db = database() and info like 'insert into person values (5%'`
        while (Number(await engine.scalar(waiting)) === 0) await turn()
        yield '9000,n\n'
      }
      const refusal = await rejectionOf(
        importData(connection, rows(), { format: 'csv', table: 'person', onProgress: () => sent.resolve() }),
      )
      expect(refusal).toMatchObject({ retryable: true })
      await blocked
      await rival.rollback()
      expect(await connection.scalar('select @@session.sql_mode')).toBe(mode)
    })
  }
})
