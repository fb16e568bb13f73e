import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { ArgumentError, DataError, IntegrityError } from 'offloop'
import { bulkLoad, DataAccessLayer, transaction } from 'offloop/dal'
import { bigInteger, blob, boolean, dateTime, float, integer, json, MetaData, numeric, string, Table, text } from 'offloop/schema'
import { databaseTest } from 'offloop/testing/vitest'
import { describe, expect, test } from 'vitest'
import { describeDialects, rejectionOf } from '../conformance/targets.ts'
import { describeServers } from '../servers/servers.ts'

function thingsTable() {
  const metadata = new MetaData()
  const things = new Table('things', metadata, {
    id: integer({ primaryKey: true }),
    name: string(50, { unique: true }),
    big: bigInteger(),
    price: numeric(20, 4),
    weight: float(),
    live: boolean({ nullable: false, default: true }),
    at: dateTime(),
    extra: json(),
    bytes: blob(),
  })
  return { metadata, things }
}

async function* chunks(...parts: readonly (string | Uint8Array)[]) {
  yield* parts
}

describeDialects((fixture) => {
  async function loaded() {
    const engine = fixture.engine()
    const { metadata, things } = thingsTable()
    await metadata.createAll(engine)
    const rows = async () => await engine.execute(things.select().orderBy('id')).fetchall()
    return { engine, things, rows }
  }

  test('CSV becomes rows whose values are those of their columns, NULL and the empty text apart', async () => {
    const { engine, things, rows } = await loaded()
    const source = [
      'id,name,big,price,weight,live,at,extra,bytes',
      '1,"",9007199254740993,1.5,2.25,true,2020-01-01T12:00:00Z,"{""a"":[1,null]}",aGVsbG8=',
      '2,,,,,0,2020-01-01 12:00:00+02:00,,',
      '3,"with ""quotes"", commas',
      'and lines",,,,f,,"""text""",',
    ].join('\r\n')
    expect(await bulkLoad(engine, { source: `\uFEFF${source}\r\n`, format: 'csv', into: things })).toEqual({ rowcount: 3 })
    const nothing = { big: null, price: null, weight: null, at: null, extra: null, bytes: null }
    expect(await rows()).toEqual([
      {
        ...{ id: 1, name: '', big: 9007199254740993n, price: '1.5000', weight: 2.25, live: true },
        ...{ at: new Date('2020-01-01T12:00:00Z'), extra: { a: [1, null] }, bytes: Buffer.from('hello') },
      },
      { ...nothing, id: 2, name: null, live: false, at: new Date('2020-01-01T10:00:00Z') },
      { ...nothing, id: 3, name: 'with "quotes", commas\r\nand lines', live: false, extra: 'text' },
    ])
  })

  test('JSON Lines become rows, each with the columns that it names, and no digit is lost', async () => {
    const { engine, things, rows } = await loaded()
    const source = [
      '{"id": 1, "name": "a\u2028b", "big": 9007199254740993, "price": 1234567890123456.7891, "extra": [1.5]}',
      '{"id": 2, "big": "9223372036854775807", "at": "2020-01-01T12:00:00.000Z", "bytes": "aGVsbG8="}',
      '',
      '{"id": 3, "live": false, "weight": 0.1234567890123456789}',
    ].join('\n')
    expect(await bulkLoad(engine, { source: Buffer.from(source), format: 'jsonl', into: things })).toEqual({ rowcount: 3 })
    expect(await rows()).toMatchObject([
      { id: 1, name: 'a\u2028b', big: 9007199254740993n, price: '1234567890123456.7891', live: true, extra: [1.5] },
      { id: 2, big: 9223372036854775807n, at: new Date('2020-01-01T12:00:00Z'), bytes: Buffer.from('hello'), live: true },
      { id: 3, live: false, weight: 0.12345678901234568 },
    ])
  })

  test('a document keeps the digits that no JavaScript number has', async () => {
    const { engine, things } = await loaded()
    const documents = ['{"deep": [9007199254740993, 0.1234567890123456789]}', '"9007199254740993"', '[123456789012345678901]']
    const source = documents.map((text, index) => `{"id": ${index + 1}, "extra": ${text}}`).join('\n')
    await bulkLoad(engine, { source, format: 'jsonl', into: things })
    const type = { sqlite: 'text', postgresql: 'text', mysql: 'char' }[engine.dialect.name]
    const texts = await engine.execute(`select cast(extra as ${type}) from things order by id`).scalars<string>()
    expect(texts.map((text) => text.replaceAll(' ', ''))).toEqual(documents.map((text) => text.replaceAll(' ', '')))
  })

  test('no character of a text means anything', async () => {
    const { engine, things, rows } = await loaded()
    const special = [
      '\\',
      '\\N',
      '\\.',
      '\\\\.',
      'a\tb',
      'a\nb',
      '\r\n',
      '\b\f\v',
      'NULL',
      "'",
      '"',
      ',',
      '😀\u2028',
      ' ',
      '\\x41\\101',
      '\\t',
    ]
    // As many as go together, of which PostgreSQL has another format.
    const texts = Array.from({ length: 10 }, (_, n) => special.map((text) => `${n === 0 ? '' : n}${text}`)).flat()
    const lines = texts.map((name, id) => JSON.stringify({ id: id + 1, name, bytes: Buffer.from(name).toString('base64') }))
    expect(await bulkLoad(engine, { source: lines.join('\n'), format: 'jsonl', into: things })).toEqual({ rowcount: texts.length })
    expect((await rows()).map(({ name, bytes }) => [name, String(bytes)])).toEqual(texts.map((text) => [text, text]))
    const fields = texts.map((text) => `"${text.replaceAll('"', '""')}"`)
    const load = `update things set name = concat(name, name) where name in (select text from incoming)`
    const source = ['text', '""', ...fields].join('\n')
    expect(await bulkLoad(engine, { source, format: 'csv', staging: 'incoming', load })).toEqual({ rowcount: texts.length })
  })

  test('rows of several shapes and many chunks are all loaded, in their order', async () => {
    const { engine, things, rows } = await loaded()
    const lines = Array.from({ length: 2_500 }, (_, index) =>
      JSON.stringify(index === 1_200 ? { id: index + 1, weight: 1 } : { id: index + 1, name: `n${index}` }),
    )
    expect(await bulkLoad(engine, { source: lines.join('\n'), format: 'jsonl', into: things })).toEqual({ rowcount: 2_500 })
    expect((await rows()).map(({ name }) => name)).toEqual(lines.map((_, index) => (index === 1_200 ? null : `n${index}`)))
  })

  test('a row that a constraint refuses is named by its line, and nothing is stored', async () => {
    const { engine, things, rows } = await loaded()
    const lines = Array.from({ length: 1_500 }, (_, id) => `${id + 1},n${id === 1_300 ? 7 : id}`)
    const refusal = await rejectionOf(bulkLoad(engine, { source: ['id,name', ...lines].join('\n'), format: 'csv', into: things }))
    expect(refusal).toBeInstanceOf(IntegrityError)
    expect(refusal.message).toMatch(/^Line 1302[:,] /)
    expect((refusal.cause as IntegrityError).driverCode).toBe((refusal as IntegrityError).driverCode)
    expect(await rows()).toEqual([])
  })

  test('a row that refers to nothing is named by its line', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    new Table('parents', metadata, { id: integer({ primaryKey: true }) })
    const children = new Table('children', metadata, { id: integer({ primaryKey: true }), parent: integer({ references: 'parents.id' }) })
    await metadata.createAll(engine)
    await engine.execute('insert into parents values (1)')
    const source = ['id,parent', ...Array.from({ length: 300 }, (_, id) => `${id},${id === 200 ? 2 : 1}`)].join('\n')
    const refusal = await rejectionOf(bulkLoad(engine, { source, format: 'csv', into: children }))
    expect(refusal).toBeInstanceOf(IntegrityError)
    expect(refusal.message).toMatch(/^Line 202, column "parent": /)
  })

  test('inside a transaction a load that fails leaves what was done before', async () => {
    const { engine, things, rows } = await loaded()
    const dal = await DataAccessLayer.reflect(engine)
    await transaction(dal, async (tx) => {
      await tx.execute(things.insert().values({ id: 1, name: 'before' }))
      const refusal = await rejectionOf(bulkLoad(tx, { source: 'id,name\n2,x\n3,before\n', format: 'csv', into: things }))
      expect(refusal).toBeInstanceOf(IntegrityError)
      expect(await bulkLoad(tx, { source: 'id,name\n4,after\n', format: 'csv', into: things })).toEqual({ rowcount: 1 })
    })
    expect((await rows()).map(({ name }) => name)).toEqual(['before', 'after'])
  })

  test('CSV goes through a staging table with a column of texts for each name, by a statement of one’s own', async () => {
    const { engine, rows } = await loaded()
    const { dialect } = engine
    const number = dialect.name === 'mysql' ? 'unsigned' : 'integer'
    const { rowcount } = await bulkLoad(engine, {
      source: 'Nr,Full Name\n1,"Ada"\n2,\n3,""\n',
      format: 'csv',
      staging: 'incoming',
      afterStaging: `update incoming set ${dialect.quoteIdentifier('Nr')} = '33' where ${dialect.quoteIdentifier('Nr')} = '3'`,
      load: `insert into things (id, name, live) select cast(${dialect.quoteIdentifier('Nr')} as ${number}), ${dialect.quoteIdentifier('Full Name')}, ${dialect.nativeBooleans ? 'true' : '1'} from incoming`,
    })
    expect(rowcount).toBe(3)
    expect((await rows()).map(({ id, name }) => [id, name])).toEqual([
      [1, 'Ada'],
      [2, null],
      [33, ''],
    ])
  })

  test('JSON Lines go through a staging table with one column, and two loads of one name do not meet', async () => {
    const { engine, things, rows } = await loaded()
    const path = { sqlite: `record ->> 'who'`, postgresql: `record ->> 'who'`, mysql: `json_unquote(json_extract(record, '$.who'))` }
    const load = `insert into things (name, live) select distinct ${path[engine.dialect.name]}, ${engine.dialect.nativeBooleans ? 'true' : '1'} from incoming`
    await engine.transaction(async (tx) => {
      for (const who of ['Ada', 'Bob']) {
        const source = chunks(`{"who":"${who}"}\n{"wh`, Buffer.from(`o":"${who}"}`))
        expect(await bulkLoad(tx, { source, format: 'jsonl', staging: 'incoming', load })).toEqual({ rowcount: 1 })
      }
    })
    expect((await rows()).map(({ name }) => name).sort()).toEqual(['Ada', 'Bob'])
    expect((await rejectionOf(engine.execute('select * from incoming'))).name).toBe('ProgrammingError')
    expect(things.name).toBe('things')
  })

  test('the statement can be made of the staging table', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const targets = new Table('targets', metadata, { id: integer({ primaryKey: true }), name: text() })
    await metadata.createAll(engine)
    await bulkLoad(engine, {
      source: 'name\nx\ny\nv\nz\n',
      format: 'csv',
      afterStaging: [
        (tx, { name }) => tx.execute(`update ${name} set name = 'w' where name = 'x'`),
        (_tx, { name }) => `delete from ${name} where name = 'z'`,
      ],
      load: (_tx, staging) => targets.insert().fromSelect(['name'], staging.select(staging.column('name').ne('y'))),
    })
    expect((await engine.execute(targets.select().orderBy('name')).fetchall()).map(({ name }) => name)).toEqual(['v', 'w'])
  })

  test('a statement that fails leaves neither rows nor a staging table', async () => {
    const { engine, rows } = await loaded()
    await using conn = await engine.connect()
    const options = { source: 'name\nx\n', format: 'csv', staging: 'incoming' } as const
    expect((await rejectionOf(bulkLoad(conn, { ...options, load: 'insert into nothing select * from incoming' }))).name).toBe(
      'ProgrammingError',
    )
    expect(await rejectionOf(bulkLoad(conn, { ...options, source: 'name\nx\ny,z\n', load: 'delete from things' }))).toBeInstanceOf(
      DataError,
    )
    expect((await rejectionOf(conn.execute('select * from incoming'))).name).toBe('ProgrammingError')
    expect(await rows()).toEqual([])
  })
})

describeServers(
  (server) => {
    /** The first words of the statements that many rows were sent by. */
    async function sendersOf(work: () => Promise<unknown>): Promise<ReadonlySet<string>> {
      const senders = new Set<string>()
      const note = (query: unknown) => {
        const [, verb] = /^(copy|insert)/.exec((query as { readonly sql: string }).sql) ?? []
        if (verb !== undefined) senders.add(verb)
      }
      subscribe('tracing:offloop:query:start', note)
      try {
        await work()
      } finally {
        unsubscribe('tracing:offloop:query:start', note)
      }
      return senders
    }

    test('PostgreSQL takes the rows by COPY, unless that would not do what an INSERT does', async () => {
      const engine = server.engine()
      const name = server.table('loaded') as 'loaded'
      const table = new Table(name, new MetaData(), { id: integer({ primaryKey: true }), text: text({ default: 'none' }) })
      const source = Array.from({ length: 200 }, (_, n) => JSON.stringify({ id: n + 1, ...(n < 100 ? {} : { text: 'b' }) })).join('\n')
      const load = () => bulkLoad(engine, { source, format: 'jsonl', into: table })
      await engine.execute(`create table ${name} (id integer primary key, text text)`)
      expect(await sendersOf(load)).toEqual(new Set(['copy']))
      expect(await engine.execute(table.select().orderBy('id').limit(2).offset(99)).fetchall()).toEqual([
        { id: 100, text: 'none' },
        { id: 101, text: 'b' },
      ])
      await engine.execute(`delete from ${name}`)
      await engine.execute(`create rule other as on insert to ${name} do also select 1`)
      expect(await sendersOf(load)).toEqual(new Set(['insert']))
      await engine.script(`drop rule other on ${name}; delete from ${name}; alter table ${name} enable row level security`)
      expect(await sendersOf(load)).toEqual(new Set(['insert']))
      await engine.script(`drop table ${name}; create table ${name}_below (id integer, text text)`)
      await engine.execute(`create view ${name} as select * from ${name}_below`)
      expect(await sendersOf(load)).toEqual(new Set(['insert']))
      expect(await engine.scalar(`select count(*) from ${name}_below`)).toBe(200)
      await engine.script(`drop view ${name}; drop table ${name}_below`)
      expect((await rejectionOf(load())).name).toBe('ProgrammingError')
    })

    test('PostgreSQL takes a staging table’s rows by COPY, and one that it refuses is named', async () => {
      const engine = server.engine()
      const load = 'select 1'
      const csv = () => bulkLoad(engine, { source: `a,b\n${'1,\n"",2\n'.repeat(100)}`, format: 'csv', staging: 'incoming', load })
      expect(await sendersOf(csv)).toEqual(new Set(['copy']))
      const lines = Array.from({ length: 150 }, (_, n) => JSON.stringify({ n, text: n === 30 ? 'a\0b' : 'ab' }))
      const refusal = await rejectionOf(bulkLoad(engine, { source: lines.join('\n'), format: 'jsonl', load }))
      expect(refusal).toBeInstanceOf(DataError)
      expect(refusal.message).toMatch(/^Line 31: /)
    })
  },
  ['postgresql'],
)

const { metadata, things } = thingsTable()
const damagedTest = databaseTest({ url: 'sqlite://', metadata, reflect: false })

describe('damaged data', () => {
  const test = damagedTest

  test.for<[string, 'csv' | 'jsonl', string | Uint8Array, RegExp]>([
    ['no header', 'csv', '', /^Line 1: expected the names of columns/],
    ['an empty header', 'csv', '\n1\n', /^Line 1, field 1: expected the name of a column/],
    ['a name twice', 'csv', 'id,id\n1,2\n', /^Line 1, field 2: column "id" is there already/],
    ['an unknown column', 'csv', 'id,nam\n1,2\n', /^Line 1, column "nam": table "things" has no such column\. Did you mean "name"\?/],
    ['too few fields', 'csv', 'id,name\n1,x\n2\n', /^Line 3, column "name": expected 2 fields, found 1/],
    ['too many fields', 'csv', 'id,name\n1,x,y\n', /^Line 2, field 3: expected 2 fields, found 3/],
    ['a wrong number', 'csv', 'id,name\n1,x\nsecret,y\n', /^Line 3: Column things\.id: expected a whole number/],
    ['a number that is too large', 'csv', 'id\n99999999999999999999\n', /^Line 2: Column things\.id/],
    ['no boolean', 'csv', 'id,live\n1,yes\n', /^Line 2: Column things\.live: expected true or false/],
    ['no time', 'csv', 'id,at\n1,2020-13-45\n', /^Line 2: Column things\.at: expected a date and time/],
    ['no JSON in a field', 'csv', 'id,extra\n1,{\n', /^Line 2: Column things\.extra: expected JSON/],
    ['no base64', 'csv', 'id,bytes\n1,?\n', /^Line 2: Column things\.bytes: expected bytes as base64/],
    ['a text that is too long', 'csv', `id,name\n1,${'x'.repeat(51)}\n`, /^Line 2: Column things\.name/],
    ['a line behind a field of two lines', 'csv', 'id,name\n1,"a\nb"\nx,y\n', /^Line 4: Column things\.id/],
    ['a quote that is not closed', 'csv', 'id,name\n1,x\n2,"secret\n3,z\n', /^Line 3.*: found the end of the file inside of quotes/],
    ['something behind a quote', 'csv', 'id,name\n1,"x"secret\n', /^Line 2.*: expected a comma or the end of the line/],
    ['a quote in a field without', 'csv', 'id,name\n1,secr"et\n', /^Line 2.*: found a quote inside a field/],
    ['bytes that are no text', 'csv', Buffer.from([105, 100, 10, 49, 10, 255, 10]), /^Line 3, column 1: expected UTF-8/],
    ['an early end inside a character', 'csv', Buffer.from([105, 100, 10, 0xe2, 0x82]), /^Line 2, column 1: expected UTF-8/],
    ['half a surrogate pair', 'csv', 'id,name\n1,x\n2,\ud800\n', /^Line 3, column 3: expected UTF-8/],
    ['no JSON', 'jsonl', '{"id": 1}\n{"id": secret}\n', /^Line 2.*: expected JSON/],
    ['an early end', 'jsonl', '{"id": 1}\n{"id":', /^Line 2.*: expected JSON/],
    ['no object', 'jsonl', '[1]\n', /^Line 1, column 1: expected an object/],
    ['an empty object', 'jsonl', '{"id": 1}\n\n{}\n', /^Line 3: expected the values of a row/],
    ['an unknown key', 'jsonl', '{"id": 1}\n{"__proto__": 1}\n', /^Line 2, column "__proto__"/],
    ['a type that clashes', 'jsonl', '{"id": "secret"}\n', /^Line 1: Column things\.id: expected a whole number, found a string/],
    ['a whole number that would be rounded', 'jsonl', '{"id": 9007199254740993}\n', /^Line 1: Column things\.id/],
  ])('%s is named by its line, and nothing is stored', async ([, format, source, message], { engine }) => {
    const refusal = await rejectionOf(bulkLoad(engine, { source, format, into: things }))
    expect(refusal).toBeInstanceOf(DataError)
    expect(refusal.message).toMatch(message)
    expect(`${refusal.stack}${String((refusal.cause as Error | undefined)?.message)}`).not.toContain('secret')
    expect(await engine.scalar('select count(*) from things')).toBe(0)
  })

  test('a source that has no end is read no further than to its first mistake', async ({ engine }) => {
    async function* endless() {
      yield 'id,name\n'
      for (let id = 0; ; id += 1) yield id === 50_000 ? `${id}\n` : `${id},n${id}\n`
    }
    const refusal = await rejectionOf(bulkLoad(engine, { source: endless(), format: 'csv', into: things }))
    expect(refusal.message).toMatch(/^Line 50002, column "name"/)
    expect(await engine.scalar('select count(*) from things')).toBe(0)
  })

  test('an error of the source is passed on as it is', async ({ engine }) => {
    const error = new Error('the stream broke')
    const broken = () =>
      Readable.from(
        (async function* () {
          yield 'id\n1\n'
          throw error
        })(),
      )
    expect(await rejectionOf(bulkLoad(engine, { source: broken(), format: 'csv', into: things }))).toBe(error)
    expect(await rejectionOf(bulkLoad(engine, { source: broken(), format: 'jsonl', staging: 's', load: 'select 1' }))).toBeInstanceOf(Error)
    expect(await engine.scalar('select count(*) from things')).toBe(0)
  })

  test('a source that is left early is told so', async ({ engine }) => {
    const { promise, resolve } = Promise.withResolvers<string>()
    async function* source() {
      try {
        for (;;) yield 'id\nx\n'
      } finally {
        resolve('told')
      }
    }
    await rejectionOf(bulkLoad(engine, { source: source(), format: 'csv', into: things }))
    expect(await promise).toBe('told')
  })

  test('a file is read by its URL, and one that is not there is an error', async ({ engine }) => {
    const folder = mkdtempSync(join(tmpdir(), 'offloop-bulk-'))
    try {
      const file = pathToFileURL(join(folder, 'a.csv'))
      writeFileSync(file, 'id,name\n1,x\n')
      await engine.transaction(async (tx) => {
        expect(await bulkLoad(tx, { source: file, format: 'csv', into: things })).toEqual({ rowcount: 1 })
        await tx.rollback()
      })
      expect(
        await rejectionOf(bulkLoad(engine, { source: pathToFileURL(join(folder, 'b.csv')), format: 'csv', into: things })),
      ).toMatchObject({
        code: 'ENOENT',
      })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test.for<[string, object]>([
    ['an unknown format', { source: '', format: 'xml', into: things }],
    ['neither table nor statement', { source: '', format: 'csv' }],
    ['a name that it does not know', { source: '', format: 'csv', load: 'select 1', afterstaging: 'select 1' }],
    ['both', { source: '', format: 'csv', into: things, load: 'select 1' }],
    ['a name for a table', { source: '', format: 'csv', into: 'things' }],
  ])('%s is refused', async ([, options], { engine }) => {
    expect(await rejectionOf(bulkLoad(engine, options as never))).toBeInstanceOf(ArgumentError)
  })

  test('a source of another kind is refused', async ({ engine }) => {
    for (const source of [5, null, {}]) {
      expect(await rejectionOf(bulkLoad(engine, { source: source as never, format: 'csv', into: things }))).toBeInstanceOf(TypeError)
    }
  })
})
