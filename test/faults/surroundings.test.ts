import { AsyncLocalStorage } from 'node:async_hooks'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ArgumentError, createEngine } from 'offloop'
import { expect, test } from 'vitest'
import { runProgram } from './run-program.ts'
import { openEngine, rejectionOf, temporaryDirectory, temporaryFile } from './test-engine.ts'

test('a relative path means the file that it meant when the engine was made', async () => {
  const [first, second] = [temporaryDirectory(), temporaryDirectory()]
  const { stdout } = await runProgram(`
    import { createEngine } from 'offloop'
    process.chdir(${JSON.stringify(first)})
    const engine = createEngine('sqlite:///notes.db')
    process.chdir(${JSON.stringify(second)})
    console.log(await engine.scalar('select 1'))
    await engine.close()`)
  expect(stdout).toBe('1\n')
  expect([existsSync(join(first, 'notes.db')), existsSync(join(second, 'notes.db'))]).toEqual([true, false])
})

test('a base directory that is made later is found', async () => {
  const baseDirectory = join(temporaryDirectory(), 'data')
  await using engine = createEngine('sqlite:///notes.db', { baseDirectory })
  expect(await rejectionOf(engine.scalar('select 1'))).toBeInstanceOf(ArgumentError)
  mkdirSync(baseDirectory)
  expect(await engine.scalar('select 1')).toBe(1)
})

test('a program whose stderr has been closed goes on without its warnings', async () => {
  const program = `
    import { createEngine } from 'offloop'
    process.stdin.once('data', async () => {
      process.stdin.unref()
      const engine = createEngine('sqlite://', { echo: true })
      for (let i = 0; i < 20; i++) await engine.scalar('select 1')
      await engine.close()
      console.log('done')
    })`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'pipe' })
  child.stderr.destroy()
  await once(child.stderr, 'close')
  child.stdin.end('go')
  const [[line], [code]] = await Promise.all([once(child.stdout, 'data'), once(child, 'exit')])
  expect([String(line), code]).toEqual(['done\n', 0])
})

test('the progress of a backup is told where it was asked for', async () => {
  const task = new AsyncLocalStorage<string>()
  const engine = openEngine()
  await engine.script('create table t (a)')
  await using conn = await engine.connect()
  const tasks: (string | undefined)[] = []
  await task.run('mine', () => conn.backup(temporaryFile(), { onProgress: () => void tasks.push(task.getStore()) }))
  expect(new Set(tasks)).toEqual(new Set(['mine']))
})
