import { createHash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import BetterSqlite3 from 'better-sqlite3'
import { type AsyncEngine, DataError, ProgrammingError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { extent } from '../soak/extent.ts'
import { Random, seed } from '../soak/random.ts'
import { drivers, errorOf, errorsOf, openEngine, temporaryFile } from './open-engine.ts'

const columns = ['in_text', 'in_integer', 'in_real', 'in_numeric', 'in_none'] as const
const createTable =
  'create table v (id integer primary key, in_text text, in_integer integer, in_real real, in_numeric numeric, in_none blob)'
const insert = 'insert into v (id, in_text, in_integer, in_real, in_numeric, in_none) values (?, ?, ?, ?, ?, ?)'

/** What SQLite itself says of a stored row: type and exact content of each column. */
const describeRow = `select ${columns.map((name) => `typeof(${name}) || ' ' || quote(${name}) as ${name}`).join(', ')} from v where id = ?`

/** The driver without this library, on the same file and in this thread, from the same copy of SQLite: locks belong to a copy. */
interface Direct {
  run(text: string, values?: readonly unknown[]): void
  /** INTEGER as bigint. */
  get(text: string, values: readonly unknown[]): Record<string, unknown>
  close(): void
}

function openDirect(driver: string, file: string): Direct {
  if (driver === 'node') {
    const database = new DatabaseSync(file)
    return {
      run: (text, values = []) => void database.prepare(text).run(...(values as [])),
      get: (text, values) => {
        const statement = database.prepare(text)
        statement.setReadBigInts(true)
        return statement.get(...(values as [])) as Record<string, unknown>
      },
      close: () => database.close(),
    }
  }
  const database = new BetterSqlite3(file)
  return {
    run: (text, values = []) => void database.prepare(text).run(...values),
    get: (text, values) =>
      database
        .prepare(text)
        .safeIntegers()
        .get(...values) as Record<string, unknown>,
    close: () => void database.close(),
  }
}

/** The value as the documentation says that it is bound: what a user of the driver alone would have to pass. */
function asBound(value: unknown): unknown {
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value
  if (value instanceof Date) return value.toISOString()
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  return value
}

function isRefused(value: unknown): boolean {
  switch (typeof value) {
    case 'number':
      return Number.isNaN(value)
    case 'bigint':
      return BigInt.asIntN(64, value) !== value
    case 'string':
      return !value.isWellFormed()
    case 'boolean':
      return false
    case 'object':
      if (value instanceof Date) return Number.isNaN(value.getTime())
      return value !== null && !(value instanceof Uint8Array) && !(value instanceof ArrayBuffer)
    default:
      return true
  }
}

const edgeValues: readonly unknown[] = [
  ...[null, undefined, true, false, 0, -0, 1, -1, 1.5, 0.1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ...[5e-324, -5e-324, 2 ** -1022, Number.MAX_VALUE, 1e21, 1e15, 123456789012345680],
  ...[2 ** 53 - 2, 2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2, -(2 ** 53) + 1, -(2 ** 53), 2 ** 63, -(2 ** 63), 2 ** 64],
  ...[2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), -(2n ** 63n) - 1n, 2n ** 64n, 0n, -1n],
  ...['', ' ', '0', '1', '1.0', '01', '1e3', ' 12 ', '9007199254740993', '9223372036854775808', '0x10', 'NULL', 'true', '-0', 'nan', 'inf'],
  ...['\0', 'a\0b', '\u{1F600}', '\uD800', 'a\uDC00', '\uDC00\uD800', '\uFEFF', 'ß'.repeat(1_000), "it's"],
  ...[new Uint8Array(), new Uint8Array([0]), Buffer.from('text'), new Uint8Array([255, 254]).buffer, new Uint8Array(70_000).fill(7)],
  ...[new Date(0), new Date(8.64e15), new Date(Number.NaN), new Date(-62_198_755_200_000)],
  ...[{}, [], [1], () => 1, Symbol('s'), /a/, new Map(), new Error('e'), new DataView(new ArrayBuffer(8)), new Float64Array(1)],
  ...[new Uint16Array(2), new Number(1), new String('s'), new Proxy({}, {}), Object.create(null), Promise.resolve(1)],
]

function randomValue(random: Random): unknown {
  const whole = (below: number): number => random.below(below)
  switch (whole(9)) {
    case 0:
      return edgeValues[whole(edgeValues.length)]
    case 1:
      return new Float64Array(new Uint32Array([whole(2 ** 32), whole(2 ** 32)]).buffer)[0]
    case 2:
      return whole(2 ** 53) * (random.next() < 0.5 ? -1 : 1)
    case 3:
      return BigInt.asIntN(64 + whole(3), (BigInt(whole(2 ** 32)) << 34n) + BigInt(whole(2 ** 34)))
    case 4:
      return String.fromCharCode(...Array.from({ length: whole(20) }, () => whole(random.next() < 0.5 ? 128 : 65_536)))
    case 5:
      return String(random.next() < 0.5 ? (random.next() - 0.5) * 10 ** whole(30) : whole(2 ** 53) * 3)
    case 6:
      return Uint8Array.from({ length: whole(100) }, () => whole(256))
    case 7:
      return new Date((random.next() - 0.5) * 1e14)
    default:
      return (random.next() - 0.5) * 2 ** whole(1_000)
  }
}

/** What a column read by the driver as `direct` should be when it comes through the engine: INTEGER as bigint, a BLOB as Buffer. */
const asRead = (direct: unknown): unknown => (direct instanceof Uint8Array ? Buffer.from(direct) : direct)

const tried = extent(600, 2_000)

describe.each(drivers)('values on %s', (driver) => {
  const open = (): { engine: AsyncEngine; file: string } => {
    const file = temporaryFile()
    return { engine: openEngine({}, { driver, file }), file }
  }

  test(`${tried} values in columns of five affinities are stored and read as by the driver alone, or refused by position`, async () => {
    const { engine, file } = open()
    await engine.execute(createTable)
    const random = new Random(seed)
    const values = Array.from({ length: tried }, (_, index) => (index < edgeValues.length ? edgeValues[index] : randomValue(random)))
    const stored: number[] = []
    await engine.transaction(async (tx) => {
      for (const [id, value] of values.entries()) {
        if (!isRefused(value)) {
          await tx.execute(insert, [id, value, value, value, value, value])
          stored.push(id)
          continue
        }
        const error = await errorOf(tx.execute(insert, [id, 1, value, 1, 1, 1]))
        expect(error instanceof TypeError || error instanceof RangeError, `SEED=${seed}, value ${id}`).toBe(true)
        expect(error.message).toContain('Parameter 3 ')
        const named = await errorOf(tx.execute('select :some_name', { some_name: value }))
        expect(named.message).toContain('Parameter "some_name" ')
      }
    })
    expect(await engine.scalar('select count(*) from v')).toBe(stored.length)

    const direct = openDirect(driver, file)
    try {
      for (const id of stored) {
        const bound = asBound(values[id])
        const hint = `SEED=${seed}, value ${id}`
        direct.run('begin')
        const given = direct.get(describeRow, [id])
        const read = direct.get(`select ${columns.join(', ')} from v where id = ?`, [id])
        direct.run('delete from v where id = ?', [id])
        direct.run(insert, [id, bound, bound, bound, bound, bound])
        expect(given, hint).toEqual(direct.get(describeRow, [id]))
        direct.run('rollback')
        const row = await engine.execute(`select ${columns.join(', ')} from v where id = ?`, [id], { integers: 'bigint' }).one()
        for (const column of columns)
          expect(Object.is(row[column], read[column]) || row[column], `${hint} ${column}`).toEqual(
            Object.is(row[column], read[column]) ? true : asRead(read[column]),
          )
      }
    } finally {
      direct.close()
    }
  })

  test('an INTEGER that no number holds is a DataError that names its column, and exact as a bigint', async () => {
    const { engine } = open()
    await engine.execute('create table t (id integer primary key, big integer)')
    const safe = [0n, 1n, -1n, 2n ** 53n - 1n, -(2n ** 53n) + 1n]
    const unsafe = [2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n), -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)]
    await engine.executeMany(
      'insert into t values (?, ?)',
      [...safe, ...unsafe].map((value, id) => [id, value]),
    )
    for (const [id, value] of [...safe, ...unsafe].entries()) {
      const read = (options?: { integers: 'bigint' }) => engine.execute('select id, big from t where id = ?', [id], options)
      expect(await read({ integers: 'bigint' }).one()).toEqual({ id: BigInt(id), big: value })
      if (safe.includes(value)) {
        expect(await read().one()).toEqual({ id, big: Number(value) })
        continue
      }
      for (const error of await errorsOf(read().one(), read().first(), read().fetchall(), read().fetchone(), read().scalars())) {
        expect(error).toBeInstanceOf(DataError)
        expect(error.message).toContain('"big"')
        expect(error.message).not.toContain(String(value))
      }
    }
    // Among many rows, and further back than one chunk.
    const rows =
      'with recursive c(i) as (select 1 union all select i + 1 from c limit 5000) select i, iif(i = 4000, 9007199254740993, i) as big from c'
    expect((await errorOf(engine.execute(rows).fetchall())).message).toContain('"big"')
    const all = await engine.execute(rows, [], { integers: 'bigint' }).fetchall()
    expect([all.length, all[3_999]]).toEqual([5_000, { i: 4_000n, big: 9007199254740993n }])
    expect(await engine.scalar('select 1')).toBe(1)
  })

  test('integers: bigint of the engine makes every INTEGER a bigint and leaves REAL alone', async () => {
    const engine = openEngine({ integers: 'bigint' }, { driver })
    expect(await engine.execute('select 1 as one, 1.5 as real, 1e300 as huge, null as missing').one()).toEqual({
      ...{ one: 1n, real: 1.5, huge: 1e300, missing: null },
    })
    expect(await engine.execute('select 1 as one', [], { integers: 'number' }).one()).toEqual({ one: 1 })
    await engine.execute('create table t (id integer primary key)')
    expect((await engine.execute('insert into t values (?)', [2n ** 63n - 1n])).lastrowid).toBe(2n ** 63n - 1n)
  })

  test('a lastrowid beyond 2^53 is exact', async () => {
    const { engine } = open()
    await engine.execute('create table t (id integer primary key)')
    expect((await engine.execute('insert into t values (?)', [2n ** 53n + 1n])).lastrowid).toBe(2n ** 53n + 1n)
    expect((await engine.execute('insert into t values (?)', [5])).lastrowid).toBe(5)
  })

  test('a blob comes back as a Buffer of its own, also an empty one, and an empty text as text', async () => {
    const { engine } = open()
    const row = await engine
      .execute('select ? as bytes, ? as empty, ? as text, ? as view', [
        ...[Buffer.from('abc'), new Uint8Array(), '', new Uint8Array([1, 2, 3, 4]).subarray(1, 3)],
      ])
      .one()
    expect(row).toEqual({ bytes: Buffer.from('abc'), empty: Buffer.alloc(0), text: '', view: Buffer.from([2, 3]) })
    for (const blob of [row['bytes'], row['empty'], row['view']]) expect(Buffer.isBuffer(blob)).toBe(true)
    const many = await engine
      .execute('with recursive c(i) as (select 1 union all select i + 1 from c limit 200) select zeroblob(i) as b from c')
      .fetchall()
    expect(many.every(({ b }, index) => Buffer.isBuffer(b) && b.byteLength === index + 1)).toBe(true)
  })

  test.each(extent([1, 24], [1, 64]))('a blob of %i MB goes in and comes back', async (megabytes) => {
    const { engine } = open()
    const sizeBytes = megabytes * 2 ** 20
    const blob = Buffer.alloc(sizeBytes, 'offloop')
    const sha = createHash('sha256').update(blob).digest('hex')
    await engine.execute('create table t (b blob)')
    await engine.execute('insert into t values (?)', [blob])
    expect(blob.byteLength).toBe(sizeBytes)
    const back = (await engine.scalar<Buffer>('select b from t')) as Buffer
    expect(createHash('sha256').update(back).digest('hex')).toBe(sha)
    expect(await engine.scalar('select length(b) from t')).toBe(sizeBytes)
  })

  test('the caller’s buffers stay his: what he changes after the call does not matter, and nothing of his is changed', async () => {
    const { engine } = open()
    await engine.execute('create table t (id integer primary key, b blob)')
    const random = new Random(seed)
    const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
    // Small ones share the pool of Buffer.from with their neighbours.
    const inputs = Array.from({ length: 100 }, (_, index) =>
      Buffer.from(String(random.next()).repeat(1 + (index % 7) * (index % 5 === 0 ? 2_000 : 3))),
    )
    const hashes = inputs.map(hashOf)
    await Promise.all(inputs.map((bytes, id) => engine.execute('insert into t values (?, ?)', [id, bytes])))
    expect(inputs.map(hashOf)).toEqual(hashes)
    const stored = await engine.execute('select b from t order by id').scalars<Buffer>()
    expect(stored.map(hashOf)).toEqual(hashes)

    const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(1)
    const plain = new Uint8Array(100_000).fill(1)
    const inserted = [engine.execute('insert into t values (1000, ?)', [shared]), engine.execute('insert into t values (1001, ?)', [plain])]
    shared.fill(2)
    plain.fill(2)
    structuredClone(plain.buffer, { transfer: [plain.buffer] })
    await Promise.all(inserted)
    const [one, two] = await engine.execute('select b from t where id >= 1000 order by id').scalars<Buffer>()
    expect([one, two?.every((byte) => byte === 1), two?.byteLength]).toEqual([Buffer.from([1, 1, 1, 1]), true, 100_000])
    expect((await errorOf(engine.execute('select ?', [plain]))).message).toContain('Parameter 1 ')
  })
})

describe.each(drivers)('shapes on %s', (driver) => {
  test('32,766 parameters are bound, one more is refused', async () => {
    const engine = openEngine({}, { driver })
    const placeholders = (count: number): string => `values ${Array.from({ length: count }, () => '(?)').join(', ')}`
    const values = Array.from({ length: 32_766 }, (_, index) => index)
    expect(await engine.execute(placeholders(32_766), values).scalars()).toEqual(values)
    expect(await errorOf(engine.execute(placeholders(32_767), [...values, 1]))).toBeInstanceOf(ProgrammingError)
  })

  test('2,000 columns come back, as an object and as an array', async () => {
    const engine = openEngine({}, { driver })
    const text = `select ${Array.from({ length: 2_000 }, (_, index) => `${index} as c${index}`).join(', ')}`
    const row = await engine.execute(text).one()
    expect(Object.keys(row)).toHaveLength(2_000)
    expect(row['c1999']).toBe(1_999)
    expect(await engine.execute(text, [], { rowMode: 'array' }).one()).toHaveLength(2_000)
    expect(await errorOf(engine.execute(`${text}, 1 as more`))).toBeInstanceOf(ProgrammingError)
  })

  test('columns may have any name', async () => {
    const engine = openEngine({}, { driver })
    const names = [
      '',
      '1',
      '0',
      'constructor',
      '__proto__',
      'toString',
      'hasOwnProperty',
      'then',
      'a b',
      'quo"te',
      "apos'trophe",
      '\\',
      '\u2028',
      'ü',
      '😀',
    ]
    const select = `select ${names.map((name, index) => `${index} as "${name.replaceAll('"', '""')}"`).join(', ')}`
    const rows = 'with recursive c(i) as (select 1 union all select i + 1 from c limit 3000)'
    for (const row of [await engine.execute(select).one(), ...(await engine.execute(`${rows} ${select} from c`).fetchall()).slice(-2)]) {
      expect(Object.keys(row).sort()).toEqual([...names].sort())
      for (const [index, name] of names.entries()) expect(Object.getOwnPropertyDescriptor(row, name)?.value).toBe(index)
      expect(Object.getPrototypeOf(row)).toBe(Object.prototype)
    }
    expect(await engine.execute(select).keys()).toEqual(names)
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test('of columns of one name the last wins in an object, and all stay in an array', async () => {
    const engine = openEngine({}, { driver })
    const text = 'select 1 as a, 2 as b, 3 as a'
    expect(await engine.execute(text).one()).toEqual({ a: 3, b: 2 })
    expect(await engine.execute(text, [], { rowMode: 'array' }).one()).toEqual([1, 2, 3])
    expect(await engine.execute(text).keys()).toEqual(['a', 'b', 'a'])
    expect(await engine.scalar(text)).toBe(1)
  })

  test('parameters of an object are its own properties, each read once', async () => {
    const engine = openEngine({}, { driver })
    let reads = 0
    const getters = {
      get a() {
        reads++
        return reads
      },
      b: 2,
    }
    expect(await engine.execute('select :a as a, :b as b, :a as again', getters).one()).toEqual({ a: 1, b: 2, again: 1 })
    expect(reads).toBe(1)
    const bare = Object.assign(Object.create(null), { a: 1 })
    expect(await engine.scalar('select :a', bare)).toBe(1)
    const error = await errorOf(engine.execute('select :a, :b', Object.assign(Object.create({ a: 1 }), { b: 2 })))
    expect(error).toBeInstanceOf(ProgrammingError)
    expect(error.message).toContain('"a"')
    for (const name of ['toString', '__proto__', 'constructor']) {
      expect((await errorOf(engine.execute(`select :${name}`, {}))).message).toContain(`"${name}"`)
    }
    expect(await engine.scalar('select :__proto__', JSON.parse('{"__proto__": 5}'))).toBe(5)
    expect((await errorOf(engine.execute('select :a', { a: 1, extra: 2 }))).message).toContain('"extra"')
  })
})
