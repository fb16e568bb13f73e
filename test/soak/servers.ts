import { execFileSync } from 'node:child_process'
import { type AsyncEngine, createEngine } from 'offloop'
import { isProgram, report, silent } from './scratch.ts'

// Servers that cut connections off, restart, and are asked to stop statements: whoever acquires next works, nothing is told wrongly, and
// nothing innocent is hit.

type ServerName = 'postgresql' | 'mysql'

export const serverUrls: Readonly<Record<ServerName, string>> = {
  postgresql: process.env['OFFLOOP_TEST_POSTGRES_URL'] ?? 'postgresql://postgres@127.0.0.1:5432/test',
  mysql: process.env['OFFLOOP_TEST_MYSQL_URL'] ?? 'mysql://root@127.0.0.1:3306/test',
}

export interface ServerFigures {
  kills: number
  acknowledged: number
  failed: number
  /** Longest time that 16 transactions at once took, for all sizes of the pool. */
  slowestCrowdMs: number
  cancels: number
  restarts: number
  readonly violations: string[]
}

export interface Amounts {
  readonly kills: number
  readonly cancels: number
  /** A command that restarts the server; none for not doing that. */
  readonly restart?: readonly string[] | undefined
}

export async function troubleServer(name: ServerName, amounts: Amounts): Promise<ServerFigures> {
  const figures: ServerFigures = { kills: 0, acknowledged: 0, failed: 0, slowestCrowdMs: 0, cancels: 0, restarts: 0, violations: [] }
  const table = `offloop_soak_${process.pid}`
  const admin = createEngine(serverUrls[name], { logger: silent })
  await admin.execute(`drop table if exists ${table}`)
  await admin.execute(`create table ${table} (id integer primary key, n integer not null)`)
  await admin.execute(`insert into ${table} values (1, 0)`)
  try {
    await crowd(name, table, figures)
    await killUnderLoad({ name, table, admin }, amounts.kills, figures)
    await cancelBesideInnocents(name, amounts.cancels, figures)
    if (amounts.restart !== undefined) await restartUnderLoad({ name, table, admin }, amounts.restart, figures)
  } finally {
    await admin.execute(`drop table if exists ${table}`)
    await admin.close()
  }
  return figures
}

/** 16 transactions at once on pools of every size: a holder of the lock is served before those who wait for it. */
async function crowd(name: ServerName, table: string, figures: ServerFigures): Promise<void> {
  for (const max of [1, 2, 4, 16]) {
    for (const threads of [1, 2]) {
      await using engine = createEngine(serverUrls[name], { pool: { max }, threads })
      const startedAt = performance.now()
      const results = await Promise.allSettled(
        Array.from({ length: 16 }, () =>
          engine.transaction(async (tx) => {
            await tx.execute(`update ${table} set n = n + 1 where id = 1`)
            await tx.scalar(`select n from ${table} where id = 1`)
            await tx.execute(`update ${table} set n = n - 1 where id = 1`)
          }),
        ),
      )
      figures.slowestCrowdMs = Math.max(figures.slowestCrowdMs, performance.now() - startedAt)
      for (const { reason } of results.filter((result) => result.status === 'rejected')) {
        figures.violations.push(`${name}, ${max} connections, ${threads} threads: ${reason}`)
      }
    }
  }
}

interface Scene {
  readonly name: ServerName
  readonly table: string
  readonly admin: AsyncEngine
}

/** Tasks count up until they are told to stop; what was acknowledged is stored, and what is stored was at least tried. */
async function underLoad({ name, table, admin }: Scene, figures: ServerFigures, trouble: () => Promise<void>): Promise<void> {
  await using engine = createEngine(serverUrls[name], { pool: { max: 8 }, logger: silent })
  const before = (await admin.scalar<number>(`select n from ${table}`)) ?? 0
  let acknowledged = 0
  let failed = 0
  let stopped = false
  const tasks = Array.from({ length: 8 }, async () => {
    while (!stopped) {
      try {
        await engine.transaction((tx) => tx.execute(`update ${table} set n = n + 1 where id = 1`))
        acknowledged++
      } catch (error) {
        failed++
        const { name: kind } = error as Error
        if (kind !== 'OperationalError' && kind !== 'CommitOutcomeUnknownError') figures.violations.push(`${name}: ${error}`)
      }
    }
  })
  await trouble()
  stopped = true
  await Promise.all(tasks)
  for (let round = 0; round < 16; round++) {
    await using conn = await engine.connect()
    if ((await conn.scalar('select 1')) !== 1) figures.violations.push(`${name}: an acquired connection does not answer`)
  }
  const stored = ((await admin.scalar<number>(`select n from ${table}`)) ?? 0) - before
  if (stored < acknowledged || stored > acknowledged + failed) {
    figures.violations.push(`${name}: ${acknowledged} acknowledged, ${failed} failed, ${stored} stored`)
  }
  figures.acknowledged += acknowledged
  figures.failed += failed
}

async function killUnderLoad(scene: Scene, kills: number, figures: ServerFigures): Promise<void> {
  const { name, table, admin } = scene
  await underLoad(scene, figures, async () => {
    while (figures.kills < kills)
      figures.kills += name === 'postgresql' ? await killBackend(admin, table) : await killConnection(admin, table)
  })
}

async function killBackend(admin: AsyncEngine, table: string): Promise<number> {
  const killed = await admin
    .execute(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and query like :text limit 1`,
      { text: `update ${table}%` },
    )
    .fetchall()
  return killed.length
}

async function killConnection(admin: AsyncEngine, table: string): Promise<number> {
  await using conn = await admin.connect()
  const victim = await conn.scalar<number>(
    'select id from information_schema.processlist where db = database() and id <> connection_id() and info like :text limit 1',
    { text: `update ${table}%` },
  )
  if (victim === null) return 0
  try {
    await conn.execute(`kill ${victim}`)
    return 1
  } catch {
    // It has gone by itself.
    return 0
  }
}

/** Statements that are given up at any moment, each with an innocent one right behind it on the same connection. */
async function cancelBesideInnocents(name: ServerName, cancels: number, figures: ServerFigures): Promise<void> {
  await using engine = createEngine(serverUrls[name], { pool: { max: 4 } })
  const slow = name === 'postgresql' ? 'select pg_sleep(0.005)' : 'select sleep(0.005)'
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      await using conn = await engine.connect()
      while (figures.cancels < cancels) {
        figures.cancels++
        const given = conn.execute(slow, [], { timeoutMs: 1 + (figures.cancels % 8) }).fetchall()
        const innocent = conn.scalar<number>('select 42')
        await given.catch((error: Error) => {
          if (error.name !== 'StatementTimeoutError') figures.violations.push(`${name}: given up, but ${error}`)
        })
        await innocent.then(
          (value) => value === 42 || figures.violations.push(`${name}: an innocent statement gave ${value}`),
          (error) => figures.violations.push(`${name}: an innocent statement was hit: ${error}`),
        )
      }
    }),
  )
}

async function restartUnderLoad(scene: Scene, [command = '', ...args]: readonly string[], figures: ServerFigures): Promise<void> {
  await underLoad(scene, figures, async () => {
    execFileSync(command, args, { stdio: 'ignore' })
    figures.restarts++
    for (const deadline = performance.now() + 60_000; performance.now() < deadline; ) {
      await using probe = createEngine(serverUrls[scene.name], { logger: silent })
      if ((await probe.scalar('select 1').catch(() => null)) === 1) return
    }
    figures.violations.push(`${scene.name}: the server has not come back`)
  })
}

if (isProgram(import.meta)) {
  const restarts: Readonly<Record<ServerName, readonly string[] | undefined>> = {
    postgresql: process.env['OFFLOOP_SOAK_RESTART_POSTGRES']?.split(' '),
    mysql: process.env['OFFLOOP_SOAK_RESTART_MYSQL']?.split(' '),
  }
  for (const name of ['postgresql', 'mysql'] as const) {
    const { violations, ...figures } = await troubleServer(name, { kills: 100, cancels: 1_000, restart: restarts[name] })
    report(name, { ...figures, slowestCrowdMs: Math.round(figures.slowestCrowdMs) }, violations)
  }
}
