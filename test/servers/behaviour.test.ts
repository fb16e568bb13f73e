import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type AsyncEngine, EngineURL } from 'offloop'
import { MetaData, type Table } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeServers, type Server } from './servers.ts'

async function makeAccounts(engine: AsyncEngine, server: Server): Promise<string> {
  const accounts = server.table('accounts')
  await engine.execute(`create table ${accounts} (id integer primary key, balance integer not null check (balance >= 0))`)
  await engine.execute(`insert into ${accounts} values (1, 100), (2, 0)`)
  return accounts
}

describeServers((server) => {
  test('transaction({ retries }) runs again what met another one', async () => {
    const engine = server.engine({ pool: { max: 4 } })
    const accounts = await makeAccounts(engine, server)
    const allHaveRead = Promise.withResolvers<void>()
    let runs = 0
    let reads = 0
    await Promise.all(
      Array.from({ length: 4 }, () =>
        engine.transaction(
          async (tx) => {
            runs++
            const balance = (await tx.scalar<number>(`select balance from ${accounts} where id = 1`)) ?? 0
            if (++reads === 4) allHaveRead.resolve()
            await allHaveRead.promise
            await tx.execute(`update ${accounts} set balance = :balance where id = 1`, { balance: balance - 10 })
          },
          { isolationLevel: 'serializable', retries: 50 },
        ),
      ),
    )
    expect(await engine.scalar(`select balance from ${accounts} where id = 1`)).toBe(60)
    // All read the same balance before any wrote: whoever writes last without reading again would lose the others' work.
    expect(runs).toBeGreaterThan(4)
  })

  test('a constraint that fails is named, and its values are not', async () => {
    const engine = server.engine()
    const accounts = await makeAccounts(engine, server)
    const twice = await engine.execute(`insert into ${accounts} values (1, 4711)`).catch((error: unknown) => error)
    expect(twice).toMatchObject({ name: 'IntegrityError', driverCode: server.name === 'postgresql' ? '23505' : 'ER_DUP_ENTRY' })
    const negative = await engine
      .execute(`update ${accounts} set balance = :balance where id = 2`, { balance: -4711 })
      .catch((error: unknown) => error)
    expect(negative).toMatchObject({ name: 'IntegrityError', constraint: expect.any(String) })
    for (const error of [twice, negative] as Error[]) expect(`${error.message} ${error.stack}`).not.toContain('4711')
  })

  test('a read-only transaction and a read-only connection refuse to write', async () => {
    const engine = server.engine({ pool: { max: 1 } })
    const accounts = await makeAccounts(engine, server)
    await expect(engine.transaction((tx) => tx.execute(`update ${accounts} set balance = 1`), { readonly: true })).rejects.toMatchObject({
      name: 'OperationalError',
    })
    {
      await using reader = await engine.connect({ readonly: true })
      await expect(reader.execute(`update ${accounts} set balance = 1`)).rejects.toMatchObject({ name: 'OperationalError' })
      expect(await reader.scalar(`select count(*) from ${accounts}`)).toBe(2)
    }
    await engine.execute(`update ${accounts} set balance = 7 where id = 2`)
    expect(await engine.scalar(`select balance from ${accounts} where id = 2`)).toBe(7)
  })

  test('statementTimeoutMs is enforced by the server', async () => {
    const engine = server.engine({ statementTimeoutMs: 300 })
    await using conn = await engine.connect()
    const setting =
      server.name === 'postgresql' ? "select current_setting('statement_timeout')" : 'select cast(@@max_statement_time as char)'
    expect(await conn.scalar(setting)).toMatch(/^(300ms|0\.3)/)
  })

  test('a server that cannot be reached is an OperationalError without the password', async () => {
    const url = EngineURL.parse(server.url).with({ port: 1, password: 'very secret' })
    const engine = server.engine()
    await engine.close()
    const { createEngine } = await import('offloop')
    await using lost = createEngine(url)
    const error = (await lost.connect().catch((thrown: unknown) => thrown)) as Error
    expect(error).toMatchObject({ name: 'OperationalError', driverCode: 'ECONNREFUSED' })
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain('very secret')
  })

  test('a Date comes back as the text that it was sent as', async () => {
    const engine = server.engine()
    const moments = server.table('moments')
    const type = server.name === 'postgresql' ? 'timestamptz' : 'timestamp(6)'
    await engine.execute(`create table ${moments} (id integer primary key, at ${type})`)
    const date = new Date('2026-02-28T23:59:59.987Z')
    await engine.execute(`insert into ${moments} values (1, :date)`, { date })
    expect(await engine.scalar(`select at from ${moments}`)).toBe(date.toISOString())
  })
})

describeServers(
  (server) => {
    test('what the server remarks is published', async () => {
      const heard: unknown[] = []
      const listen = (message: unknown): number => heard.push(message)
      subscribe('offloop:notice', listen)
      try {
        await using conn = await server.engine().connect()
        await conn.execute("do $$ begin raise notice 'by the way'; end $$")
        expect(heard).toEqual([{ connectionId: conn.id, severity: 'NOTICE', message: 'by the way', driverCode: '00000' }])
      } finally {
        unsubscribe('offloop:notice', listen)
      }
    })

    test('a statement that failed dooms its transaction, which then says so', async () => {
      const engine = server.engine()
      await using conn = await engine.connect()
      const tx = await conn.begin()
      await expect(tx.execute('select 1 / 0')).rejects.toMatchObject({ name: 'DataError', driverCode: '22012' })
      await expect(tx.execute('select 1')).rejects.toMatchObject({ name: 'TransactionAbortedError' })
      await expect(tx.commit()).rejects.toMatchObject({ name: 'TransactionAbortedError' })
      await tx.rollback()
      expect(await conn.scalar('select 1')).toBe(1)
    })

    test('serverTexts leaves int8 and timestamps, and arrays of them, as the server writes them', async () => {
      await using conn = await server.engine().connect()
      await conn.execute("set time zone 'America/St_Johns'")
      const query = `select 9007199254740993::int8 as big, 7 as small, timestamp '2024-02-29 12:30:15.1' as at, array[1::int8, null] as bigs,
        timestamptz '2024-02-29 12:30:15Z' as zoned, array[timestamptz '2024-02-29 12:30:15Z'] as zones, date '2024-02-29' as day, true as yes`
      const texts = { serverTexts: true } as const
      const zoned = '2024-02-29 09:00:15-03:30'
      const expected = {
        ...{ big: '9007199254740993', small: 7, at: '2024-02-29 12:30:15.1', bigs: ['1', null], zoned, zones: [zoned] },
        ...{ day: '2024-02-29', yes: true },
      }
      expect(await conn.execute(query, [], texts).one()).toEqual(expected)
      expect(await conn.execute(query, [], { integers: 'bigint' }).one()).toEqual({
        ...{ big: 9007199254740993n, small: 7n, at: '2024-02-29T12:30:15.100', bigs: [1n, null] },
        ...{ zoned: '2024-02-29T12:30:15.000Z', zones: ['2024-02-29T12:30:15.000Z'], day: '2024-02-29', yes: true },
      })
      const many = `select i::int8 as i from generate_series(1, 3000) as i`
      expect(await conn.execute(many, [], texts).scalars()).toEqual(Array.from({ length: 3_000 }, (_, index) => String(index + 1)))
      const streamed: unknown[] = []
      for await (const row of conn.stream(many, [], texts)) streamed.push(row)
      expect(streamed[2_999]).toEqual({ i: '3000' })
    })

    test('integers in arrays follow the rule of those outside: numbers, or bigints where they are asked for', async () => {
      for (const placement of ['worker', 'main'] as const) {
        const engine = server.engine({ placement })
        const large = `select array[9007199254740993, null, -9223372036854775808] as bigs, array[array[1, 2], array[3, 4]] as small, '{}'::int8[] as none`
        const [bigs, small] = [
          [2n ** 53n + 1n, null, -(2n ** 63n)],
          [
            [1n, 2n],
            [3n, 4n],
          ],
        ]
        const bigints = { integers: 'bigint' } as const
        expect(await engine.execute(large, [], bigints).one()).toEqual({ bigs, small, none: [] })
        expect(
          await server
            .engine({ placement, ...bigints })
            .execute(large)
            .one(),
        ).toEqual({ bigs, small, none: [] })
        const refusal = await engine
          .execute(large)
          .one()
          .catch((error: unknown) => error)
        expect(refusal).toMatchObject({
          name: 'DataError',
          message: expect.stringMatching(/^Column 1 \("bigs"\) holds an array .* Read it with \{ integers: 'bigint' \}\.$/),
        })
        expect(await engine.scalar('select array[9007199254740991, null]')).toEqual([9007199254740991, null])
        // Two forms of one prepared statement, and so many rows that they travel as columns.
        const many = 'select array[i, i::int8 + 9007199254740993] as pair, i from generate_series(1, 3000) as i'
        const rows = await engine.execute<{ pair: unknown; i: unknown }>(many, [], bigints).fetchall()
        expect([rows[0], rows[2_999]]).toEqual([
          { pair: [1n, 9007199254740994n], i: 1n },
          { pair: [3000n, 9007199254743993n], i: 3000n },
        ])
        expect(await engine.execute(many, [], bigints).fetchone()).toEqual({ pair: [1n, 9007199254740994n], i: 1n })
        expect(await engine.scalar(large, [], { serverTexts: true, integers: 'bigint' })).toEqual([
          '9007199254740993',
          null,
          '-9223372036854775808',
        ])
      }
    })

    test('a table whose keys are bigints leaves the arrays beside them as they are', async () => {
      const engine = server.engine()
      const name = server.table('keyed')
      await engine.script(
        `create table ${name} (id bigint primary key, small int[], bigs bigint[]); insert into ${name} values (1, '{1,2}', '{3}')`,
      )
      const metadata = new MetaData()
      await metadata.reflect(engine, { only: [name] })
      const select = (metadata.tables.get(name) as Table).select()
      expect(await engine.execute(select).one()).toEqual({ id: 1n, small: [1, 2], bigs: [3] })
      expect(await engine.execute(select, [], { integers: 'bigint' }).one()).toEqual({ id: 1n, small: [1n, 2n], bigs: [3n] })
    })

    test('arrays, JSON and booleans are what they are', async () => {
      const engine = server.engine()
      const row = await engine
        .execute(
          'select array[1, 2, null] as numbers, :texts::text[] as texts, :document::jsonb as document, true as yes, 12345678901234567890.5 as exact',
          {
            texts: ['a', 'b "c"', null],
            document: '{"a": [1, {"b": null}]}',
          },
        )
        .one()
      expect(row).toEqual({
        numbers: [1, 2, null],
        texts: ['a', 'b "c"', null],
        document: { a: [1, { b: null }] },
        yes: true,
        exact: '12345678901234567890.5',
      })
    })
  },
  ['postgresql'],
)
