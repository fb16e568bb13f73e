import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { command, offloop, temporaryFolder } from './run-command.ts'

test('the version is that of the package', async () => {
  expect(await offloop(['--version'])).toEqual({ code: 0, signal: null, stdout: `${manifest.version}\n`, stderr: '' })
})

test('help tells every command, and each command tells its own', async () => {
  const { stdout, stderr, code } = await offloop(['--help'])
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  const commands = Array.from(stdout.matchAll(/^ {2}([a-z-]+) {2}/gm), ([, name]) => name as string)
  expect(commands).toEqual(expect.arrayContaining(['query', 'inspect', 'migrate', 'backup', 'build-interrupt']))
  const helps = await Promise.all(commands.map(async (name) => ({ name, ...(await offloop(['help', name])) })))
  for (const help of helps) {
    expect(help).toMatchObject({ code: 0, stderr: '' })
    expect(help.stdout).toContain(`Usage: offloop ${help.name}`)
    expect(help.stdout).toMatch(/--json|<command>/)
    expect(help.stdout.split('\n').filter((line) => line.length > 80)).toEqual([])
  }
})

test('a word that is no command is told on stderr, with the one that was meant', async () => {
  const { code, stdout, stderr } = await offloop(['quary', 'app.db'])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain('Did you mean query?')
})

test('what was not understood is JSON for who asks for JSON', async () => {
  for (const args of [
    ['--json', '--nope'],
    ['query', 'app.db', 'select 1', '--json', '--nope'],
    ['migrate', '--json'],
  ]) {
    const { code, stdout, stderr } = await offloop(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(JSON.parse(stderr)).toEqual({ error: { code: 'UsageError', message: expect.stringMatching(/--json|--nope|--help/) } })
  }
})

test('without a word it prints help, and was not understood', async () => {
  const { code, stdout, stderr } = await offloop([])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain('Usage: offloop')
})

test('a C compiler that is not there, or fails, is told without a stack', async () => {
  const cwd = temporaryFolder()
  const [missing, failing] = await Promise.all(
    ['no-such-compiler', 'false'].map((CC) => offloop(['build-interrupt', '-o', 'x.so'], { cwd, env: { CC } })),
  )
  expect(missing).toMatchObject({ code: 1, stdout: '' })
  expect(missing?.stderr).toBe('offloop: No C compiler was found: "no-such-compiler" cannot be run. Install one, or name it in CC.\n')
  expect(failing?.stderr).toMatch(/^offloop: false could not build .+:\n\n$/)
})

test('the file of the command is a program', () => {
  expect(existsSync(command)).toBe(true)
  expect(readFileSync(command, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
})
