import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { extent } from '../soak/extent.ts'
import { driverNames } from '../soak/scratch.ts'
import { deaths } from './modules/deaths.ts'
import { runProgram } from './run-program.ts'
import { openEngine, temporaryFile } from './test-engine.ts'

/** A module that has an engine on a file with one row, and says "ready" when `body` has run. */
function program(driverName: string, file: string, body: string): string {
  return `
    import { createEngine } from 'offloop'
    const engine = createEngine('sqlite+${driverName}:///${file}')
    await engine.script('create table t (x); insert into t values (1)')
    ${body}
    console.log('ready')
  `
}

const states: Readonly<Record<string, string>> = {
  'a statement that has been awaited': "await engine.execute('select 1').fetchall()",
  'a statement that nobody awaits': "engine.execute('insert into t values (2)')",
  'an idle connection': 'await engine.connect()',
  'an idle pool': 'await Promise.all((await Promise.all([engine.connect(), engine.connect()])).map((conn) => conn.close()))',
  'an open cursor': `const result = await (await engine.connect()).execute('with recursive n(i) as (select 1 union all select i + 1 from n) select i from n')
    await result.fetchone()`,
  'an open stream': `for await (const row of engine.stream('with recursive n(i) as (select 1 union all select i + 1 from n) select i from n')) if (row.i === 10) break
    engine.stream('with recursive n(i) as (select 1 union all select i + 1 from n) select i from n')[Symbol.asyncIterator]().next()`,
  'an open transaction': "const tx = await engine.begin(); await tx.execute('insert into t values (2)')",
  'a use of the driver': "const conn = await engine.connect(); await conn.driver.exec('select 1')",
  'a backup with progress': 'await engine.backup(process.argv[1], { onProgress() {} })',
  'a connection that was aborted': 'await engine.connect({ signal: AbortSignal.abort() }).catch(() => {})',
  'a closed engine': 'await engine.close()',
  'an engine closed by force': 'await engine.connect(); await engine.close({ force: true })',
  'a leak that is looked for': 'const watched = createEngine(engine.url, { leakDetectionMs: 60000 }); await watched.connect()',
}

/** In which the driver has something open. */
const statesOfDriver = ['an open cursor', 'an open transaction', 'a use of the driver', 'a backup with progress']

describe.each(driverNames)('%s', (driverName) => {
  const some = Object.entries(states).filter(([state]) => driverName === driverNames[0] || statesOfDriver.includes(state))

  test.each(extent(some, Object.entries(states)))('a program ends by itself with %s', async (_, body) => {
    const end = await runProgram(program(driverName, temporaryFile(), body), { args: [temporaryFile()] })
    expect(end).toEqual({ code: 0, signal: null, stdout: 'ready\n', stderr: '' })
  })
})

describe.each(driverNames)('%s', (driverName) => {
  const deathsModule = JSON.stringify(new URL('modules/deaths.ts', import.meta.url))

  test('a program that waits for nothing but a thread is told of its death, in whatever way it dies', async () => {
    const told = await runProgram(`
      import { createEngine } from 'offloop'
      import { deaths } from ${deathsModule}
      const engine = createEngine('sqlite+${driverName}:///${temporaryFile()}', { resourceLimits: { maxOldGenerationSizeMb: 32 } })
      const tell = (call) => call.catch((error) => console.log(error.name))
      for (const death of deaths) {
        const conn = await engine.connect()
        await tell(conn.call(${deathsModule}, death))
      }
      const conn = await engine.connect()
      await conn.call(${deathsModule}, 'defineDie')
      await tell(conn.driver.exec('select die()'))
      const setup = ${JSON.stringify(new URL('modules/setup-exits.ts', import.meta.url))}
      await tell(createEngine('sqlite+${driverName}://', { setup }).connect())
    `)
    const names = [...deaths.map(() => 'WorkerTerminatedError'), 'WorkerTerminatedError', 'DriverLoadError']
    expect(told).toMatchObject({ code: 0, stdout: names.map((name) => `${name}\n`).join('') })
  })
})

const atRest = ''
const inTransaction = "const tx = await engine.begin(); await tx.execute('insert into t values (2)')"
const endings: Readonly<Record<string, { readonly code: string; readonly exit: number | null }>> = {
  'its natural end': { code: '', exit: 0 },
  'process.exit()': { code: 'process.exit(7)', exit: 7 },
  'an uncaught exception': { code: "setImmediate(() => { throw new Error('uncaught') })", exit: 1 },
  'an unhandled rejection': { code: "void Promise.reject(new Error('unhandled'))", exit: 1 },
  SIGTERM: { code: 'setInterval(() => {}, 1000)', exit: null },
}

describe.each([
  ['at rest', atRest],
  ['in a transaction', inTransaction],
])('a program that ends %s', (_, state) => {
  test.each(Object.entries(endings))('by %s keeps what was committed, and nothing else', async (_name, { code, exit }) => {
    const file = temporaryFile()
    const body = `${state}\n process.stdout.write('ready')\n ${code}`
    const end = await runProgram(program('better-sqlite3', file, body), {
      onOutput: (child) => exit === null && child.kill('SIGTERM'),
    })
    expect(end).toMatchObject(exit === null ? { code: null, signal: 'SIGTERM' } : { code: exit, signal: null })
    const engine = openEngine({ file })
    expect(await engine.execute('select x from t').scalars()).toEqual([1])
    expect(await engine.scalar('pragma integrity_check')).toBe('ok')
    await engine.execute('insert into t values (3)')
  })

  test('with close() leaves no WAL file', async () => {
    const file = temporaryFile()
    const end = await runProgram(program('better-sqlite3', file, `${state}\n await engine.close()`))
    expect(end).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(['-wal', '-shm', '-journal'].filter((suffix) => existsSync(`${file}${suffix}`))).toEqual([])
  })
})

test('a program that waits on a connection that is busy with what was given up does not end before its turn has come', async () => {
  const end = await runProgram(`
    import { createEngine } from 'offloop'
    const engine = createEngine('sqlite://')
    const conn = await engine.connect()
    const heavy = 'with recursive n(i) as (select 1 union all select i + 1 from n limit 1000000) select max(i) from n'
    const abort = new AbortController()
    const running = conn.scalar(heavy, [], { signal: abort.signal }).catch(({ name }) => console.log(name))
    setImmediate(() => abort.abort())
    await running
    const tx = await conn.begin()
    await tx.rollback()
    console.log('rolled back')
  `)
  expect(end).toEqual({ code: 0, signal: null, stdout: 'AbortError\nrolled back\n', stderr: '' })
})

test('200 unawaited failures in transactions end in named errors and never in a crash', async () => {
  const body = `
    const errors = new Set()
    for (let round = 0; round < 200; round++) {
      const tx = await engine.begin()
      tx.execute(round % 2 === 0 ? 'insert into missing values (1)' : 'select ?', round % 2 === 0 ? [] : [undefined])
      await tx.execute('insert into t values (2)')
      await tx.commit().catch((error) => errors.add(error.name))
    }
    console.log([...errors].join(), await engine.scalar('select count(*) from t'))
    await engine.close()
  `
  const end = await runProgram(program('better-sqlite3', temporaryFile(), body), { flags: ['--unhandled-rejections=strict'] })
  expect(end).toEqual({ code: 0, signal: null, stdout: 'InvalidRequestError 1\nready\n', stderr: '' })
})

test('a failure that nobody looks at is an unhandled rejection of its own name', async () => {
  const body = "engine.execute('insert into missing values (1)'); await engine.close()"
  const end = await runProgram(program('better-sqlite3', temporaryFile(), body))
  expect(end.code).toBe(1)
  expect(end.stderr).toMatch('ProgrammingError: no such table: missing')
})
