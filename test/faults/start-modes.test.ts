import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { extent } from '../soak/extent.ts'
import { driverNames } from '../soak/scratch.ts'
import { runProgram } from './run-program.ts'
import { openEngine, temporaryDirectory, temporaryFile } from './test-engine.ts'

const root = new URL('../../', import.meta.url)
const useEngine = new URL('programs/use-engine.ts', import.meta.url)
const increments = extent(60, 250)
const done = { code: 0, signal: null, stdout: 'done\n', stderr: '' }

describe.each(driverNames)('%s', (driverName) => {
  const args = (): string[] => [driverName, temporaryFile()]

  test('as a file', async () => {
    expect(await runProgram(useEngine, { args: args() })).toEqual(done)
  })

  test('as a text, --input-type=module', async () => {
    expect(await runProgram(`await import(${JSON.stringify(useEngine.href)})`, { args: ['', ...args()] })).toEqual(done)
  })

  test("inside a worker of the user's own", async () => {
    const program = `
      import { Worker } from 'node:worker_threads'
      new Worker(new URL(${JSON.stringify(useEngine.href)}), { argv: process.argv.slice(1), execArgv: [] })
    `
    expect(await runProgram(program, { args: args() })).toEqual(done)
  })

  test("a worker of the user's own that is terminated with an engine open leaves the file usable", async () => {
    const file = temporaryFile()
    const program = `
      import { Worker } from 'node:worker_threads'
      const worker = new Worker(\`
        import { parentPort } from 'node:worker_threads'
        import { createEngine } from 'offloop'
        const tx = await createEngine('sqlite+${driverName}:///${file}').begin()
        await tx.script('create table t (x); insert into t values (1)')
        parentPort.postMessage('open')
      \`, { eval: true })
      worker.once('message', () => worker.terminate())
    `
    expect(await runProgram(program)).toEqual({ code: 0, signal: null, stdout: '', stderr: '' })
    // Nothing of its transaction is there, and nobody holds a lock.
    await openEngine({ driverName, file }).script('create table t (x)')
  })

  test(`in a cluster of 4 processes, ${increments} increments each`, async () => {
    const file = temporaryFile()
    const engine = openEngine({ driverName, file })
    await engine.script('create table counter (value integer); insert into counter values (0)')
    await engine.close()
    const end = await runProgram(new URL('programs/cluster.ts', import.meta.url), { args: [driverName, file, `${increments}`] })
    expect(end).toEqual(done)
    expect(await openEngine({ driverName, file }).scalar('select value from counter')).toBe(4 * increments)
  })
})

/** Node.js reads them, and no driver does. */
describe.each(extent(driverNames.slice(0, 1), driverNames))('%s', (driverName) => {
  const args = (): string[] => [driverName, temporaryFile()]

  test('with a preload in NODE_OPTIONS that opens an engine itself', async () => {
    const preload = join(temporaryDirectory(), 'preload.mjs')
    writeFileSync(
      preload,
      `import { createEngine } from ${JSON.stringify(new URL('dist/src/index.js', root).href)}
      const engine = createEngine('sqlite://')
      await engine.scalar('select 1')
      await engine.close()`,
    )
    const env = { NODE_OPTIONS: `--import=${pathToFileURL(preload)}` }
    expect(await runProgram(useEngine, { args: args(), env })).toEqual(done)
  })

  test('with options in NODE_OPTIONS that a worker does not take', async () => {
    const env = { NODE_OPTIONS: '--title=offloop --max-old-space-size=256' }
    expect(await runProgram(useEngine, { args: args(), env })).toEqual(done)
  })

  test('under the debugger', async () => {
    const end = await runProgram(useEngine, { args: args(), flags: ['--inspect=0'] })
    expect(end).toMatchObject({ code: 0, signal: null, stdout: 'done\n' })
  })

  test('where no code may be generated from strings', async () => {
    expect(await runProgram(useEngine, { args: args(), flags: ['--disallow-code-generation-from-strings'] })).toEqual(done)
  })

  test('with --unhandled-rejections=strict, --throw-deprecation and --trace-warnings', async () => {
    const flags = ['--unhandled-rejections=strict', '--throw-deprecation', '--trace-warnings']
    expect(await runProgram(useEngine, { args: args(), flags })).toEqual(done)
  })
})

test('a memory database in a thread that cannot set the variable is refused, and it is named', async () => {
  const program = `
    import { Worker } from 'node:worker_threads'
    delete process.env.SQLITE_USE_URI
    new Worker(\`
      import { createEngine } from 'offloop'
      const engine = createEngine('sqlite://')
      await engine.scalar('select 1').catch(({ name, message }) => console.log(name + ': ' + message))
      await engine.close()
    \`, { eval: true })
  `
  const sentence = /^DriverLoadError: better-sqlite3 was loaded without SQLITE_USE_URI=1 in the environment of the process, .+\.\n$/
  expect(await runProgram(program)).toEqual({ ...done, stdout: expect.stringMatching(sentence) })
})

test('in a thread of a Vitest pool', async () => {
  const directory = temporaryDirectory()
  const file = join(directory, 'one.test.mjs')
  writeFileSync(
    file,
    `import { expect, test } from 'vitest'
    import { createEngine } from ${JSON.stringify(new URL('dist/src/index.js', root).href)}
    test('one', async () => {
      const engine = createEngine('sqlite://')
      expect(await engine.scalar('select 1')).toBe(1)
      await engine.close()
    })`,
  )
  const vitest = new URL('node_modules/vitest/vitest.mjs', root)
  const args = ['run', '--pool=threads', '--no-isolate', '--root', directory, '--reporter=tap']
  // As docs/bundlers.md has its configuration set it.
  const end = await runProgram(vitest, { args, env: { SQLITE_USE_URI: '1' } })
  expect(end).toMatchObject({ code: 0, signal: null, stdout: expect.stringMatching(/ok 1 - one(?! # SKIP)/) })
})
