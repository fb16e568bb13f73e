import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runProgram } from './run-program.ts'
import { temporaryFile } from './test-engine.ts'

const permitted = ['--permission', '--allow-fs-read=*', '--allow-fs-write=*', '--allow-addons']

/** Opens an engine, says how two connections at once end, and leaves the rest to the event loop. */
function opens(options: object, close: boolean): string {
  return `
    import { createEngine } from 'offloop'
    const engine = createEngine(${JSON.stringify(`sqlite:///${temporaryFile()}`)}, ${JSON.stringify(options)})
    const ends = await Promise.allSettled([engine.connect(), engine.scalar('select 1')])
    console.log(ends.map(({ reason }) => reason?.name + ': ' + reason?.message).join('; '))
    ${close ? 'await engine.close()' : ''}
  `
}

test.each([true, false])('where no thread may be started a connection says so, and the program ends (closed: %s)', async (close) => {
  const { stdout, stderr, code } = await runProgram(opens({}, close), { flags: permitted })
  expect(stdout).toMatch(/^(DriverLoadError: A worker thread could not be started: .*restricted[^;]*(; |$)){2}/)
  expect(code, stderr).toBe(0)
})

test.each([true, false])('where no process may be started a connection says so, and the program ends (closed: %s)', async (close) => {
  const { stdout, stderr, code } = await runProgram(opens({ isolation: 'process' }, close), { flags: [...permitted, '--allow-worker'] })
  expect(stdout).toMatch(/^(DriverLoadError: A process could not be started: .*restricted[^;]*(; |$)){2}/)
  expect(code, stderr).toBe(0)
})

test.runIf(process.platform !== 'win32')(
  'where there are no files left for a process a connection says so, and the program ends',
  async () => {
    const program = `
    import { createEngine } from 'offloop'
    import { closeSync, openSync } from 'node:fs'
    const engine = createEngine(${JSON.stringify(`sqlite:///${temporaryFile()}`)}, { isolation: 'process' })
    const first = await engine.connect()
    const files = []
    try {
      for (;;) files.push(openSync('/dev/null'))
    } catch {}
    // The second one may find a process that is ready.
    const ends = [await engine.connect().catch((error) => error), await engine.connect().catch((error) => error)]
    console.log(ends[1].name, ends[1].cause?.code)
    for (const file of files) closeSync(file)
    console.log(await engine.connect().then((conn) => conn.scalar('select 1')))
  `
    const { stdout, stderr, code } = await runProgram(program, { files: 64 })
    expect(stdout).toBe('DriverLoadError EMFILE\n1\n')
    expect(code, stderr).toBe(0)
  },
)

/** Threads of this system cannot be had while \`full\` is true. */
const limited = `
  import { createRequire } from 'node:module'
  const threads = createRequire(${JSON.stringify(fileURLToPath(import.meta.url))})('node:worker_threads')
  const { Worker } = threads
  let full = false
  let dying = 0
  let started = 0
  threads.Worker = function (...args) {
    if (full) throw Object.assign(new Error('Worker initialization failure: EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' })
    started++
    return dying-- > 0 ? new Worker('process.exit(3)', { eval: true }) : new Worker(...args)
  }
`

test('a connection that got no thread takes none from those after it', async () => {
  const program = `
    ${limited}
    import { createEngine } from 'offloop'
    const engine = createEngine(${JSON.stringify(`sqlite:///${temporaryFile()}`)})
    const first = await engine.connect()
    full = true
    for (let i = 0; i < 3; i++) console.log(await engine.connect().catch(({ name, message }) => name + ': ' + message))
    full = false
    await first.close()
    const two = await Promise.all([engine.connect(), engine.connect()])
    console.log(await Promise.all(two.map((conn) => conn.scalar('select 1'))), started)
    await engine.close({ force: true })
  `
  const { stdout, stderr, code } = await runProgram(program)
  const refused = 'DriverLoadError: A worker thread could not be started: Worker initialization failure: EAGAIN\n'
  expect(stdout).toBe(`${refused.repeat(3)}[ 1, 1 ] 2\n`)
  expect(code, stderr).toBe(0)
})

test('a thread that ends before it can take anything fails one connection, and no others are started in its place', async () => {
  const program = `
    ${limited}
    import { createEngine } from 'offloop'
    const engine = createEngine(${JSON.stringify(`sqlite:///${temporaryFile()}`)})
    await (await engine.connect()).close()
    dying = 2
    const ends = await Promise.allSettled([1, 2, 3, 4].map(() => engine.connect()))
    // It may have been given a connection by then, if others were ready before it.
    console.log(ends.map(({ status, reason }) => reason?.name ?? status).sort().join())
    console.log(started)
    await engine.close({ force: true })
  `
  const { stdout, stderr, code } = await runProgram(program)
  expect(stdout).toBe('DriverLoadError,DriverLoadError,fulfilled,fulfilled\n4\n')
  expect(code, stderr).toBe(0)
})

test('connections that wait for one thread are all told when it ends before it can take anything', async () => {
  const program = `
    ${limited}
    import { createEngine } from 'offloop'
    const engine = createEngine('postgresql://nobody@127.0.0.1:1/none')
    dying = 1
    const ends = await Promise.allSettled([1, 2, 3, 4].map(() => engine.connect()))
    console.log(new Set(ends.map(({ reason }) => reason.name + ': ' + reason.message)))
    await engine.close()
  `
  const { stdout, stderr, code } = await runProgram(program)
  expect(stdout).toBe("Set(1) {\n  'DriverLoadError: A worker thread could not be started: it exited with code 3'\n}\n")
  expect(code, stderr).toBe(0)
})

test('a connection in a process needs no thread', async () => {
  const program = `
    import { createEngine } from 'offloop'
    const engine = createEngine(${JSON.stringify(`sqlite:///${temporaryFile()}`)}, { isolation: 'process' })
    console.log(await engine.scalar('select 1'))
    await engine.close()
  `
  const { stdout, stderr, code } = await runProgram(program, { flags: [...permitted, '--allow-child-process'] })
  expect(stdout).toBe('1\n')
  expect(code, stderr).toBe(0)
})
