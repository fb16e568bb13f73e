import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Kysely, sql } from 'kysely'
import { type Migration, type MigrationResultSet, Migrator, NO_MIGRATIONS } from 'kysely/migration'
import type { AsyncEngine } from 'offloop'
import { kysely } from 'offloop/kysely'
import { afterEach, expect, test } from 'vitest'
import { describeWholeDatabases, type Fixture } from '../../conformance/targets.ts'

type Migrations = Readonly<Record<string, Migration>>

function migratorOf(db: Kysely<unknown>, migrations: Migrations): Migrator {
  return new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } })
}

/** A migration that makes a table of its name, and then does what it is told. */
function making(table: string, then: (db: Kysely<unknown>) => Promise<unknown> = async () => {}): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await db.schema.createTable(table).addColumn('x', 'integer').execute()
      await then(db)
    },
    async down(db: Kysely<unknown>) {
      await db.schema.dropTable(table).execute()
    },
  }
}

async function tableNames(db: Kysely<unknown>): Promise<readonly string[]> {
  const tables = await db.introspection.getTables()
  return tables.map(({ name }) => name).sort()
}

describeWholeDatabases((fixture) => {
  // So short that a process that waits for longer has not just been patient.
  const busyTimeoutMs = fixture.can.dialect === 'sqlite' ? ['20'] : []

  test('migrations go up, are not run again, and go down', async () => {
    const db = kysely<unknown>(fixture.engine())
    const migrator = migratorOf(db, { a: making('first'), b: making('second') })
    expect(await migrator.migrateToLatest()).toMatchObject({ results: [{ status: 'Success' }, { status: 'Success' }] })
    expect(await tableNames(db)).toEqual(['first', 'second'])
    expect(await migrator.migrateToLatest()).toEqual({ results: [] })
    expect(await migrator.migrateTo(NO_MIGRATIONS)).toMatchObject({ results: [{ direction: 'Down' }, { direction: 'Down' }] })
    expect(await tableNames(db)).toEqual([])
  })

  test.runIf(fixture.can.transactionalDdl)('a migration that fails leaves the schema as it was, and those before it undone', async () => {
    const db = kysely<unknown>(fixture.engine())
    const failing = making('second', (trx) => sql`insert into nowhere values (1)`.execute(trx))
    const { error, results } = await migratorOf(db, { a: making('first'), b: failing }).migrateToLatest()
    expect(error).toMatchObject({ name: 'ProgrammingError' })
    expect(results).toMatchObject([{ status: 'Success' }, { status: 'Error' }])
    expect(await tableNames(db)).toEqual([])
    expect(await migratorOf(db, { a: making('first'), b: making('second') }).migrateToLatest()).toMatchObject({
      results: [{ status: 'Success' }, { status: 'Success' }],
    })
  })

  test('migrators of one program run one after another, each migration once', async () => {
    const db = kysely<unknown>(fixture.engine())
    const runs: string[] = []
    const migrations: Migrations = { a: making('first', async () => runs.push('a')), b: making('second', async () => runs.push('b')) }
    const all = await Promise.all(Array.from({ length: 5 }, () => migratorOf(db, migrations).migrateToLatest()))
    expect(all.map(({ error }) => error)).toEqual(all.map(() => undefined))
    expect(runs).toEqual(['a', 'b'])
  })

  test.runIf(fixture.can.transactionalDdl)('migrations run inside a transaction that is given', async () => {
    const db = kysely<unknown>(fixture.engine())
    await migratorOf(db, {}).migrateToLatest()
    const trx = await db.startTransaction().execute()
    const { results } = await migratorOf(trx, { a: making('first') }).migrateToLatest()
    expect(results).toMatchObject([{ status: 'Success' }])
    await trx.rollback().execute()
    expect(await tableNames(db)).toEqual([])
  })

  test('migrations without transactions run on one connection', async () => {
    const db = kysely<unknown>(fixture.engine())
    const inTransaction: boolean[] = []
    const migrator = migratorOf(db, { a: making('first', async (each) => inTransaction.push(each.isTransaction)) })
    expect(await migrator.migrateToLatest({ disableTransactions: true })).toMatchObject({ results: [{ status: 'Success' }] })
    expect(inTransaction).toEqual([false])
  })

  test.runIf(fixture.target.storage !== 'memory')('of two processes that migrate at once one waits for the other', async () => {
    const engine = fixture.engine()
    const db = kysely<{ migrated: { process: number } }>(engine)
    await sql`create table migrated (process integer)`.execute(db)
    const first = new MigratingProcess(fixture.url)
    await first.says('inside')
    const second = new MigratingProcess(fixture.url, ...busyTimeoutMs)
    await lockIsWaitedFor(second, fixture, engine)
    first.goOn()
    expect(await first.outcome()).toMatchObject({ error: null, results: [{ status: 'Success' }] })
    // It has found the work done when its turn came.
    expect(await second.outcome()).toEqual({ error: null, results: [] })
    expect(await db.selectFrom('migrated').select('process').execute()).toEqual([{ process: first.pid }])
  })

  test.runIf(fixture.target.storage !== 'memory')('processes that find an empty database at the same time migrate it once', async () => {
    const engine = fixture.engine()
    await engine.execute('create table migrated (process integer)')
    const processes = Array.from({ length: 3 }, () => new MigratingProcess(fixture.url))
    for (const each of processes) each.goOn()
    const outcomes = await Promise.all(processes.map((each) => each.outcome()))
    expect(outcomes.map(({ error }) => error)).toEqual([null, null, null])
    expect(outcomes.flatMap(({ results }) => results)).toMatchObject([{ status: 'Success' }])
    expect(await engine.scalar('select count(*) from migrated')).toBe(1)
  })

  test.runIf(fixture.target.storage !== 'memory')('a process that is killed while it migrates keeps nobody waiting', async () => {
    const engine = fixture.engine()
    const db = kysely<{ migrated: { process: number } }>(engine)
    await sql`create table migrated (process integer)`.execute(db)
    const first = new MigratingProcess(fixture.url)
    await first.says('inside')
    const second = new MigratingProcess(fixture.url, ...busyTimeoutMs)
    await lockIsWaitedFor(second, fixture, engine)
    await first.kill()
    await second.says('inside')
    second.goOn()
    expect(await second.outcome()).toMatchObject({ error: null, results: [{ status: 'Success' }] })
  })
})

const children: MigratingProcess[] = []

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()))
})

/** The program of `migrate-child.ts`. */
class MigratingProcess {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  readonly #exited: Promise<unknown>
  #stderr = ''

  constructor(url: string, ...args: readonly string[]) {
    this.#child = spawn(process.execPath, [fileURLToPath(new URL('migrate-child.ts', import.meta.url)), url, ...args])
    this.#child.stderr.on('data', (text) => {
      this.#stderr += String(text)
    })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
    this.#exited = once(this.#child, 'exit')
    children.push(this)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async says(word: string): Promise<void> {
    for (let line = await this.#line(); line !== word; line = await this.#line()) expect(line, this.#stderr).toBe('waiting')
  }

  goOn(): void {
    this.#child.stdin.write('\n')
  }

  async outcome(): Promise<MigrationResultSet> {
    let line = await this.#line()
    while (line === 'waiting' || line === 'inside') line = await this.#line()
    await this.#exited
    return JSON.parse(line)
  }

  async #line(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error(`the migrating process has ended: ${this.#stderr}`)
    return value
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }
}

/** Resolves when the second process stands at the lock: of SQLite it says so itself, of a server that is asked. */
async function lockIsWaitedFor(second: MigratingProcess, fixture: Fixture, engine: AsyncEngine): Promise<void> {
  if (fixture.can.dialect === 'sqlite') {
    // More than once: a transaction that is only busy for longer than the timeout has not been given up.
    await second.says('waiting')
    await second.says('waiting')
    return
  }
  const waiting =
    fixture.can.dialect === 'postgresql'
      ? "select 1 from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())"
      : "select 1 from information_schema.processlist where state = 'User lock' and db = database()"
  while ((await engine.scalar(waiting)) === null);
}
