import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runProgram } from '../faults/run-program.ts'
import { testServers } from '../test-servers.ts'
import { describePlaces, Place } from './places.ts'

const root = fileURLToPath(new URL('suite/', import.meta.url))
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offloop-fixtures-'))
})
afterEach(() => rm(folder, { recursive: true }))

interface Report {
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly message: string
    readonly assertionResults: readonly { readonly failureMessages: readonly string[] }[]
  }[]
}

interface Outcome {
  readonly code: number
  readonly stderr: string
  readonly passed: number
  readonly failures: readonly string[]
  /** Of the files themselves, outside of their tests. */
  readonly messages: readonly string[]
}

/** Runs a suite of its own in another vitest. */
async function runSuite(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Outcome> {
  const file = join(folder, 'report.json')
  const child = spawn(process.execPath, [vitest, 'run', '--root', root, '--reporter=json', `--outputFile=${file}`, ...args], {
    env: { ...withoutVitest(process.env), NODE_OPTIONS: '', OFFLOOP_TEST_URL: '', OFFLOOP_TEST_FOLDER: join(folder, 'cache'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  const { numPassedTests, testResults }: Report = JSON.parse(await readFile(file, 'utf8'))
  const failures = testResults.flatMap(({ assertionResults }) => assertionResults.flatMap(({ failureMessages }) => failureMessages))
  const messages = testResults.flatMap(({ message }) => (message === '' ? [] : [message]))
  return { code, stderr, passed: numPassedTests, failures, messages }
}

/** What vitest tells the processes it starts is not meant for another vitest. */
function withoutVitest(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(VITEST|TEST$|NODE_ENV$)/.test(name)))
}

test('20 times in another order on 4 workers, no test sees what another has done, and each worker has a database of its own', async () => {
  const servers = Object.values(testServers).filter(({ missing, required }) => missing === undefined || required)
  const kinds = ['sqlite', ...servers.map(({ name }) => name)] as const
  for (let seed = 1; seed <= 20; seed++) {
    const kind = kinds[seed % kinds.length] ?? 'sqlite'
    const log = join(folder, `log-${seed}`)
    const env = { OFFLOOP_TEST_LOG: log, OFFLOOP_TEST_SERVER: kind === 'sqlite' ? '' : testServers[kind].url }
    const pool = seed % 2 === 0 ? 'forks' : 'threads'
    const outcome = await runSuite([`--pool=${pool}`, '--sequence.shuffle', `--sequence.seed=${seed}`], env)
    expect({ seed, ...outcome }).toEqual({ seed, code: 0, stderr: '', passed: 4 * 9, failures: [], messages: [] })
    const made = (await readFile(log, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
    // Isolated, each file has a worker of its own, and so even where one has ended before another begins.
    expect(new Set(made.map(([worker]) => worker)).size).toBe(4)
    expect(new Set(made.map(([, name]) => name)).size).toBe(4)
    const place = new Place(kind)
    for (const [, name = ''] of made) expect(await place.has(place.urlOf(name)), name).toBe(false)
  }
}, 600_000)

test('a step that fails fails the test with its error, before its body runs or behind it', async () => {
  const directory = join(folder, 'databases')
  const { code, passed, failures } = await runSuite([], { OFFLOOP_TEST_SUITE: '*.fails.ts', OFFLOOP_TEST_DIRECTORY: directory })
  expect(failures).toEqual([expect.stringContaining('does not migrate'), expect.stringContaining('ended inside it')])
  expect([code, passed, await readdir(directory)]).toEqual([1, 0, []])
})

test('a database that cannot be dropped fails its file', async () => {
  const { code, messages } = await runSuite([], { OFFLOOP_TEST_SUITE: '*.ends.ts', OFFLOOP_TEST_DIRECTORY: folder })
  expect([code, messages]).toEqual([1, [expect.stringContaining('locked')]])
})

describePlaces((place) => {
  test('the same works in node:test', async () => {
    const url = place.name === 'sqlite' ? `sqlite:///${join(place.folder, 'any.db')}` : place.url()
    const { code, stdout, stderr } = await runProgram(new URL('suite/node-test.ts', import.meta.url), {
      flags: ['--test'],
      env: { OFFLOOP_TEST_URL: url },
    })
    expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/pass 2\b/)
    const name = /made (\S+)/.exec(stdout)?.[1] ?? ''
    expect(name).toMatch(/test_[0-9a-f]{8}/)
    expect(await place.has(place.urlOf(name))).toBe(false)
  })
})
