import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createEngine } from 'offloop'
import { expect, test } from 'vitest'
import { runProgram } from './run-program.ts'
import { temporaryFile } from './test-engine.ts'

/** Opens an engine in processes on the file, and has a transaction open in one of them that has written. */
const opens = (file: string): string => `
  import { createEngine } from 'offloop'
  const engine = createEngine(${JSON.stringify(`sqlite:///${file}`)}, { isolation: 'process' })
  await engine.script('create table if not exists t (a)')
  const tx = await engine.begin()
  await tx.execute('insert into t values (1)')
`

const endless = 'with recursive c(i) as (select 1 union all select i + 1 from c) select max(i) from c'

test.each([
  ['ends by an error', "setImmediate(() => { throw new Error('crashed') })"],
  ['exits', 'setImmediate(() => process.exit(1))'],
  ['is killed', "setImmediate(() => process.kill(process.pid, 'SIGKILL'))"],
  ['is interrupted', "setImmediate(() => process.kill(process.pid, 'SIGINT'))"],
])('a program that %s takes a process inside a native call with it, and its lock', async (_, end) => {
  const file = temporaryFile()
  const { code } = await runProgram(`${opens(file)}
    tx.execute(${JSON.stringify(endless)}).catch(() => {})
    ${end}`)
  expect(code).not.toBe(0)
  await using engine = createEngine(`sqlite:///${file}`, { busyTimeoutMs: 30_000 })
  await engine.execute('insert into t values (2)')
  expect(await engine.execute('select a from t').scalars()).toEqual([2])
})

test.runIf(process.platform !== 'win32').each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'a program that hears %s, as all of its group do, can commit and close',
  async (signal) => {
    const file = temporaryFile()
    const program = `${opens(file)}
      process.on('${signal}', async () => {
        await tx.commit()
        await engine.close()
        clearInterval(open)
      })
      const open = setInterval(() => {}, 1_000)
      console.log('ready')`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    process.kill(-(child.pid ?? 0), signal)
    expect(await once(child, 'exit')).toEqual([0, null])
    await using engine = createEngine(`sqlite:///${file}`)
    expect(await engine.execute('select a from t').scalars()).toEqual([1])
  },
)

test('a program that closes an engine whose only connection was given up while it opened goes on behind that', async () => {
  const { stdout, code } = await runProgram(`
    import { createEngine } from 'offloop'
    import { existsSync } from 'node:fs'
    const file = ${JSON.stringify(temporaryFile())}
    const setup = ${JSON.stringify(new URL('modules/setup-tells-and-hangs.ts', import.meta.url))}
    const engine = createEngine('sqlite:///' + file, { isolation: 'process', setup })
    const abort = new AbortController()
    const opening = engine.connect({ signal: abort.signal }).catch(({ name }) => console.log(name))
    while (!existsSync(file + '.opens')) await new Promise(setImmediate)
    abort.abort()
    await opening
    await engine.close()
    console.log('closed')`)
  expect({ stdout, code }).toEqual({ stdout: 'AbortError\nclosed\n', code: 0 })
})

test('a program that exits while its process opens prints no crash of that', async () => {
  for (const afterMs of [10, 30, 45]) {
    const { stderr } = await runProgram(`
      import { createEngine } from 'offloop'
      const engine = createEngine(${JSON.stringify(`sqlite:///${temporaryFile()}`)}, { isolation: 'process' })
      engine.scalar('select 1').catch(() => {})
      setTimeout(() => process.exit(0), ${afterMs})`)
    expect(stderr).toBe('')
  }
})
