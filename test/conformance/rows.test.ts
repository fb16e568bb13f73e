import { describe, expect, test } from 'vitest'
import { describeNeeding, describeTargets, rejectionOf } from './targets.ts'
import { valuesFor } from './values.ts'

describeTargets((db) => {
  describe('a row', () => {
    test('is a plain object in column order', async () => {
      const engine = db.engine()
      const row = await engine.execute('select 1 as b, 2 as a, 3 as c').one()
      expect(Object.getPrototypeOf(row)).toBe(Object.prototype)
      expect(Object.keys(row)).toEqual(['b', 'a', 'c'])
    })

    test('is an array with rowMode array', async () => {
      const engine = db.engine()
      const query = 'select 1 as a, 2 as b union all select 3, 4'
      expect(await engine.execute(query, [], { rowMode: 'array' }).fetchall()).toEqual([
        [1, 2],
        [3, 4],
      ])
      expect(await engine.execute(query, [], { rowMode: 'array' }).first()).toEqual([1, 2])
      expect(await engine.execute(query, [], { rowMode: 'array' }).scalars()).toEqual([1, 3])
    })

    test('keeps columns of the same name as an array, and the last of them as an object', async () => {
      const engine = db.engine()
      const query = 'select 1 as a, 2 as b, 3 as a'
      expect(await engine.execute(query, [], { rowMode: 'array' }).fetchall()).toEqual([[1, 2, 3]])
      expect(await engine.execute(query).fetchall()).toEqual([{ a: 3, b: 2 }])
      expect(await engine.execute(query).keys()).toEqual(['a', 'b', 'a'])
      expect(await engine.execute(query).scalar()).toBe(1)
      expect(await engine.execute(query).scalars()).toEqual([1])
    })

    test.each([
      '__proto__',
      'constructor',
      'toString',
      'then',
      ...(db.can.emptyNames ? [''] : []),
      '1',
      'a"b',
      "a'b",
      'a`b',
      db.can.astralNames ? 'ü 😀' : 'ü €',
      'a\nb',
    ])('has a column named %j as a property of its own', async (name) => {
      const engine = db.engine()
      // Empty names are none to the dialect.
      const quoted = engine.dialect.quoteIdentifier(`${name}-`).replace('-', '')
      const query = `select 7 as ${quoted}, 8 as last`
      // The second time through what was generated for many rows.
      for (const text of [query, `${query} from (${db.numbers(100)}) as numbers`]) {
        for (const row of await engine.execute(text).fetchall()) {
          expect(Object.hasOwn(row, name)).toBe(true)
          expect(Object.getOwnPropertyDescriptor(row, name)?.value).toBe(7)
          expect(Object.getPrototypeOf(row)).toBe(Object.prototype)
        }
      }
      expect(({} as Record<string, unknown>)['last']).toBeUndefined()
    })

    test('has the columns of today after the table was changed', async () => {
      const engine = await db.notes()
      await engine.execute("insert into notes (text) values ('a')")
      await using connection = await engine.connect()
      expect(await connection.execute('select * from notes').fetchall()).toEqual([{ id: 1, text: 'a' }])
      await engine.execute('alter table notes add column stars integer default 5')
      expect(await connection.execute('select * from notes').fetchall()).toEqual([{ id: 1, text: 'a', stars: 5 }])
      await engine.execute('alter table notes rename column text to words')
      expect(await connection.execute('select * from notes').fetchall()).toEqual([{ id: 1, words: 'a', stars: 5 }])
      expect(await engine.execute('select * from notes').keys()).toEqual(['id', 'words', 'stars'])
    })
  })

  describe('a value', () => {
    test.each(valuesFor(db.target))('$given comes back as $found, by $query', async ({ query, given, found }) => {
      const engine = db.engine()
      expect(await engine.execute(query, { v: given }).one()).toEqual(found)
    })

    test('of bytes comes back as a Buffer, from a few rows and from many', async () => {
      const engine = db.engine()
      await engine.execute(`create table files (id integer, data ${db.can.types.bytes})`)
      await engine.execute('insert into files values (1, :data)', { data: Buffer.from([0, 255]) })
      expect(Buffer.isBuffer(await engine.scalar('select data from files'))).toBe(true)
      const many = `select data as b, null as c from files, (${db.numbers(500)}) as numbers`
      const blobs = await engine.execute<{ b: Buffer }>(many).fetchall()
      expect(blobs).toHaveLength(500)
      expect(blobs.every(({ b }) => Buffer.isBuffer(b) && b.equals(Buffer.from([0, 255])))).toBe(true)
    })

    test('of many bytes comes back whole, each time that it is read', async () => {
      const engine = db.engine()
      await engine.execute(`create table files (id integer, data ${db.can.types.bytes})`)
      const contents = [1, 16_383, 16_384, 300_000].map((size, index) => Buffer.alloc(size, index + 1))
      for (const [id, data] of contents.entries()) await engine.execute('insert into files values (:id, :data)', { id, data })
      const expected = contents.map((data) => ({ a: data, b: data }))
      const query = 'select data as a, data as b from files order by id'
      for (let run = 0; run < 3; run++) {
        expect(await engine.execute(query).fetchall()).toEqual(expected)
        const one = (id: number) => engine.execute('select data as a, data as b from files where id = :id', { id }).one()
        expect(await Promise.all(contents.map((_, id) => one(id)))).toEqual(expected)
        const streamed: unknown[] = []
        for await (const row of engine.stream(query)) streamed.push(row)
        expect(streamed).toEqual(expected)
      }
    })

    test('of bytes is copied at the call and never taken away', async () => {
      const engine = db.engine()
      await engine.execute(`create table files (id integer, data ${db.can.types.bytes})`)
      const bytes = new Uint8Array(100_000).fill(1)
      const pending = engine.execute('insert into files values (1, :bytes)', { bytes })
      bytes.fill(2)
      await pending
      expect(await engine.scalar('select data from files')).toEqual(Buffer.alloc(100_000, 1))
      expect(bytes.byteLength).toBe(100_000)
    })

    const { largestInteger } = db.can
    const refused: readonly (readonly [what: string, value: unknown])[] = [
      ['undefined', undefined],
      ['a function', () => 1],
      ['a symbol', Symbol('s')],
      ['NaN', Number.NaN],
      ['an invalid date', new Date(Number.NaN)],
      ['half a surrogate pair', '\ud800'],
      ...(largestInteger === null ? [] : [['a bigint beyond 64 bits', largestInteger + 1n] as const]),
      ['an object', { a: 1 }],
      ...(db.can.arrays ? [] : [['a list', [1]] as const]),
      ['a Map', new Map()],
      ['floats that are not bytes', new Float64Array(1)],
      ['a DataView', new DataView(new ArrayBuffer(1))],
    ]
    test.each(refused)('is refused if it is %s, by position or name and without its text', async (_, value) => {
      const engine = db.engine({})
      const byPosition = await rejectionOf(engine.execute(`select ${db.mark(1)}, ${db.mark(2)}`, [1, value]))
      const byName = await rejectionOf(engine.execute('select :first, :second', { first: 1, second: value }))
      for (const error of [byPosition, byName]) expect(['TypeError', 'RangeError']).toContain(error.name)
      expect(byPosition.message).toContain('2')
      expect(byName.message).toContain('second')
      expect(engine.status().size).toBe(0)
    })
  })

  describe('an INTEGER', () => {
    const large = 2n ** 53n + 1n

    test('up to 2^53 - 1 is a number, and beyond a DataError that names the column', async () => {
      const engine = db.engine()
      expect(await engine.scalar('select 9007199254740991')).toBe(9007199254740991)
      const error = await rejectionOf(engine.execute('select 1 as a, :big + 9007199254740992 as big', { big: 1n }).fetchall())
      expect(error).toMatchObject({ name: 'DataError', code: 'OFFLOOP_DATA', message: expect.stringContaining('"big"') })
      expect(error.message).not.toContain(String(large))
    })

    test('is a bigint with integers bigint, however small, while a REAL stays a number', async () => {
      const engine = db.engine()
      const { double } = db.can.types
      const query = `select 1 as a, :b + 9007199254740992 as b, cast(1.5 as ${double}) as c, cast(1e300 as ${double}) as d, null as e`
      expect(await engine.execute(query, { b: 1n }, { integers: 'bigint' }).one()).toEqual({ a: 1n, b: large, c: 1.5, d: 1e300, e: null })
      const extremes = 'select 9223372036854775807 as max, -9223372036854775807 - 1 as min'
      expect(await engine.execute(extremes, [], { integers: 'bigint' }).one()).toEqual({ max: 2n ** 63n - 1n, min: -(2n ** 63n) })
    })

    test('is what the engine says unless the statement says otherwise', async () => {
      const engine = db.engine({ integers: 'bigint' })
      expect(await engine.scalar('select 1')).toBe(1n)
      expect(await engine.scalar('select 1', [], { integers: 'number' })).toBe(1)
    })

    test('that is too large for a number fails its own statement only', async () => {
      const engine = db.engine()
      await using connection = await engine.connect()
      const [bad, good] = await Promise.allSettled([
        connection.execute(`select ${large} as n`).fetchall(),
        connection.execute('select 1 as n').fetchall(),
      ])
      expect([bad.status, good.status]).toEqual(['rejected', 'fulfilled'])
      const late = `select case when n = 2000 then ${large} else n end as n from (${db.numbers(3_000)}) as numbers`
      expect(await rejectionOf(connection.execute(late).fetchall())).toMatchObject({ name: 'DataError' })
      expect(await connection.scalar('select 2')).toBe(2)
    })

    describeNeeding(db, 'wideIntegers', () => {
      test('of a row id beyond 2^53 is exact, and no reason to fail', async () => {
        const engine = await db.notes()
        const result = await engine.execute('insert into notes (id, text) values (:large, :text)', { large, text: 'a' })
        expect(result.lastrowid).toBe(large)
        expect((await engine.execute("insert into notes (id, text) values (5, 'b')", [], { integers: 'bigint' })).lastrowid).toBe(5n)
      })
    })
  })
})
