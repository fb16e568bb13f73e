import { existsSync } from 'node:fs'
import { createEngine, EngineURL, OperationalError } from 'offloop'
import { expect, test } from 'vitest'
import { describeServers } from './servers.ts'

describeServers((server) => {
  const socketQuery = server.name === 'mysql' ? 'select @@socket' : "select split_part(current_setting('unix_socket_directories'), ',', 1)"
  const peerQuery = server.name === 'mysql' ? 'select user()' : 'select inet_client_addr() is null'

  test('is reached by its socket, and a socket that is not there is named', async ({ skip }) => {
    const option = server.name === 'mysql' ? 'socket' : 'host'
    const path = String(await server.engine().scalar(socketQuery))
    skip(!existsSync(path), 'the server is on another machine')
    const { username, database } = EngineURL.parse(server.url)
    const scheme = server.name === 'mysql' ? 'mysql' : 'postgresql'
    await using engine = createEngine(`${scheme}://${username}@/${database}?${option}=${encodeURIComponent(path)}`)
    expect(String(await engine.scalar(peerQuery))).toMatch(/^true$|@localhost$/)
    await using lost = createEngine(`${scheme}://${username}@/${database}?${option}=/no/such/socket`)
    const error: unknown = await lost.scalar('select 1').catch((refusal) => refusal)
    expect(error).toBeInstanceOf(OperationalError)
    expect(String(error)).toContain('/no/such/socket')
  })

  test('the statements of the README run', async () => {
    const engine = server.engine()
    const users = server.table('users')
    await engine.execute(`create table ${users} (id integer primary key, name varchar(100) not null)`)
    expect(
      await engine.executeMany(`insert into ${users} (id, name) values (:id, :name)`, [
        { id: 1, name: 'Ada' },
        { id: 2, name: 'Bob' },
      ]),
    ).toEqual({
      rowcount: 2,
    })
    await using conn = await engine.connect()
    const rows = await (await conn.execute(`select id, name from ${users} order by id`)).fetchall()
    expect(rows).toEqual([
      { id: 1, name: 'Ada' },
      { id: 2, name: 'Bob' },
    ])
    {
      await using tx = await conn.begin()
      await tx.execute(`update ${users} set name = :name where id = :id`, { name: 'Eve', id: 1 })
      expect(await tx.scalar(`select name from ${users} where id = :id`, { id: 1 })).toBe('Eve')
    }
    expect(await conn.scalar(`select name from ${users} where id = :id`, { id: 1 })).toBe('Ada')
    {
      await using tx = await conn.begin()
      const { rowcount } = await tx.execute(`update ${users} set name = :name where id = :id`, { name: 'Eve', id: 1 })
      expect(rowcount).toBe(1)
      await tx.commit()
    }
    expect(await engine.scalar(`select name from ${users} where id = :id`, { id: 1 })).toBe('Eve')
    expect(await engine.hasTable(users)).toBe(true)
    expect(await engine.hasTable('no_such_table_here')).toBe(false)
    expect(await engine.tableNames()).toContain(users)
  })

  test('a savepoint is undone by itself, and a failed transaction as a whole', async () => {
    const engine = server.engine()
    const notes = server.table('notes')
    await engine.execute(`create table ${notes} (id integer primary key, text varchar(100) not null)`)
    await engine.transaction(async (tx) => {
      await tx.execute(`insert into ${notes} values (1, 'kept')`)
      await expect(
        tx.transaction(async (inner) => {
          await inner.execute(`insert into ${notes} values (2, 'undone')`)
          await inner.execute(`insert into ${notes} values (1, 'twice')`)
        }),
      ).rejects.toMatchObject({ name: 'IntegrityError' })
      await tx.execute(`insert into ${notes} values (3, 'kept too')`)
    })
    expect(await engine.execute(`select id from ${notes} order by id`).scalars()).toEqual([1, 3])
    await expect(
      engine.transaction(async (tx) => {
        await tx.execute(`insert into ${notes} values (4, 'undone')`)
        throw new Error('mine')
      }),
    ).rejects.toThrow('mine')
    expect(await engine.scalar(`select count(*) from ${notes}`)).toBe(2)
  })

  test('large results come in chunks, and a stream that is left early frees its connection', async () => {
    const engine = server.engine({ pool: { max: 1 } })
    const numbers = server.table('numbers')
    await engine.execute(`create table ${numbers} (n integer primary key, text varchar(20))`)
    await engine.executeMany(
      `insert into ${numbers} values (:n, :text)`,
      Array.from({ length: 20_000 }, (_, n) => ({ n, text: `number ${n}` })),
    )
    const rows = await engine.execute<{ n: number; text: string }>(`select n, text from ${numbers} order by n`).fetchall()
    expect(rows).toHaveLength(20_000)
    expect(rows[19_999]).toEqual({ n: 19_999, text: 'number 19999' })
    let seen = 0
    for await (const row of engine.stream<{ n: number }>(`select n from ${numbers} order by n`)) {
      expect(row.n).toBe(seen++)
      if (seen === 5_000) break
    }
    expect(await engine.scalar(`select count(*) from ${numbers}`)).toBe(20_000)
  })

  test('a statement that is given up is stopped on the server, and hits no other one', async () => {
    const engine = server.engine({ pool: { max: 1 } })
    const sleep = server.name === 'postgresql' ? 'select pg_sleep(60)' : 'select sleep(60)'
    await using conn = await engine.connect()
    const startedAt = performance.now()
    await expect(conn.execute(sleep, [], { timeoutMs: 50 })).rejects.toMatchObject({ name: 'StatementTimeoutError' })
    expect(await conn.scalar('select 42')).toBe(42)
    expect(performance.now() - startedAt).toBeLessThan(30_000)
  })

  test('close() waits for what was accepted, and for no reader who never comes', async () => {
    const engine = server.engine({ maxBufferedBytes: 1_000, pool: { max: 2 } })
    const numbers = server.table('unread')
    await engine.execute(`create table ${numbers} (n integer primary key, text varchar(100))`)
    await engine.executeMany(
      `insert into ${numbers} values (:n, :text)`,
      Array.from({ length: 5_000 }, (_, n) => ({ n, text: 'x'.repeat(50) })),
    )
    // Too large to be kept for a reader: it keeps its connection.
    const unread = await engine.execute(`select n, text from ${numbers}`)
    const accepted = Promise.all(
      Array.from({ length: 50 }, (_, index) => engine.scalar<number>(`select count(*) + ${index} from ${numbers}`)),
    )
    await engine.close()
    expect((await accepted).at(-1)).toBe(5_049)
    await expect(unread.fetchall()).rejects.toMatchObject({ name: 'ResourceClosedError' })
  })
})
