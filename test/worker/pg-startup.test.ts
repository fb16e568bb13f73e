import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pgDriver } from '../../worker/drivers/pg.ts'
import { query, rowsOf, wireErrorOf } from './open-driver.ts'
import { firstValue, openPg, serverSettings, skipWithoutPostgres, usePostgres } from './open-pg.ts'

usePostgres()
beforeEach(skipWithoutPostgres)

/** What PgBouncer takes from whoever connects. */
const known: ReadonlySet<string> = new Set(['user', 'database', 'application_name', 'client_encoding', 'datestyle', 'timezone'])

/** Refuses a connection as a pooler does that does not know one of its settings: before it asks the server. */
class Doorkeeper {
  readonly #server = createServer((near) => void this.#ask(near))
  readonly #sockets = new Set<Socket>()

  async open(): Promise<number> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  async #ask(near: Socket): Promise<void> {
    this.#sockets.add(near.on('error', () => {}))
    const [message] = (await once(near, 'data')) as [Buffer]
    const unknown = settingsOf(message).find((name) => !known.has(name.toLowerCase()))
    if (unknown !== undefined) {
      near.end(refusal(`unsupported startup parameter: ${unknown}`))
      return
    }
    const { host = '127.0.0.1', port = 5432 } = serverSettings()
    const far = connect(port, host)
    this.#sockets.add(far.on('error', () => {}))
    far.write(message)
    near.pipe(far).pipe(near)
  }
}

/** https://www.postgresql.org/docs/current/protocol-message-formats.html: names and values behind a length and the protocol's version. */
function settingsOf(startup: Buffer): string[] {
  return startup
    .toString('utf8', 8)
    .split('\0')
    .filter((text, index) => index % 2 === 0 && text !== '')
}

function refusal(message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0C08P01\0M${message}\0\0`)
  const head = Buffer.from('E\0\0\0\0')
  head.writeInt32BE(4 + fields.length, 1)
  return Buffer.concat([head, fields])
}

const keepers: Doorkeeper[] = []
afterEach(() => {
  for (const keeper of keepers.splice(0)) keeper.close()
})

async function portOfKeeper(): Promise<number> {
  const keeper = new Doorkeeper()
  keepers.push(keeper)
  return await keeper.open()
}

/** Without the options of the tests' own connections. */
function behind(port: number, settings: Partial<ReturnType<typeof serverSettings>> = {}, readonly = false) {
  const server = serverSettings({ host: '127.0.0.1', port, options: {}, ...settings })
  return pgDriver.open({ database: '', uri: false, readonly, mustExist: true, busyTimeoutMs: 0, pragmas: [], server })
}

test('a pooler that knows few settings is connected through, and asked for no time limit of the server', async () => {
  const port = await portOfKeeper()
  for (const statementTimeoutMs of [0, 60_000]) {
    const connection = await behind(port, { statementTimeoutMs })
    expect(await query(connection, 'show statement_timeout')).toEqual([['0']])
    expect(await query(connection, "select current_setting('datestyle') like 'ISO%', current_setting('application_name')")).toEqual([
      [true, 'offloop'],
    ])
    await connection.close()
  }
})

test('what it has no equal for is refused with what to do', async () => {
  const port = await portOfKeeper()
  expect(await wireErrorOf(pgDriver, () => behind(port, {}, true))).toMatchObject({
    family: 'operational',
    driverCode: '08P01',
    message: expect.stringContaining('Use begin({ readonly: true }), or connect to the server itself'),
  })
  expect(await wireErrorOf(pgDriver, () => behind(port, { options: { options: '-c work_mem=1MB' } }))).toMatchObject({
    family: 'operational',
    message: expect.stringContaining('unsupported startup parameter: options'),
  })
})

test('without kept statements nothing stays in the session, and each run sees the schema as it is', async () => {
  const connection = await openPg({ keepsStatements: false })
  const kept = "select count(*) from pg_prepared_statements where name <> ''"
  await connection.script('create table changing (a int); insert into changing values (1)')
  const [all, insert] = [
    await connection.prepare('select * from changing', null),
    await connection.prepare('insert into changing values ($1)', null),
  ]
  expect((await insert.run([2n])).changes).toBe(1)
  expect(await rowsOf(all)).toEqual([[1n], [2n]])
  await connection.script("alter table changing alter a type text using 'n' || a")
  expect(await rowsOf(all)).toEqual([['n1'], ['n2']])
  expect((await insert.run(['three'])).changes).toBe(1)
  expect(await insert.runEach?.({ values: ['x', 'y'], width: 1, rowCount: 2 }, () => {})).toBe(2)
  expect(await rowsOf(all)).toEqual([['n1'], ['n2'], ['three'], ['x'], ['y']])
  expect(await firstValue(connection, kept)).toBe(0n)
})

test('no two sessions give a statement the same name', async () => {
  const names = new Set<unknown>()
  for (let session = 0; session < 3; session++) {
    const connection = await openPg()
    const statement = await connection.prepare('select name from pg_prepared_statements', null)
    for (let rows = statement.iterate([]), step = await rows.next(); step.done !== true; step = await rows.next())
      names.add(step.value?.[0])
  }
  expect(names.size).toBe(3)
})
