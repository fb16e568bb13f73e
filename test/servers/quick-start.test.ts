import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { EngineURL } from 'offloop'
import { expect, test } from 'vitest'
import { describeServers } from './servers.ts'

const readme = new URL('../../README.md', import.meta.url)
const entry = import.meta.resolve('offloop')

/** The program of the README's quick start, on another database. */
async function quickStart(url: string): Promise<string> {
  const [, program] = /## Quick start\n\n```ts\n(.*?)```/s.exec(await readFile(readme, 'utf8')) ?? []
  if (program === undefined) throw new Error('The README has no quick start.')
  const changed = program
    .replace("'sqlite:///app.db'", () => JSON.stringify(url))
    .replace("from 'offloop'", () => `from ${JSON.stringify(entry)}`)
  expect(changed.split('\n').filter((line, index) => line !== program.split('\n')[index])).toHaveLength(2)
  return changed
}

async function runQuickStart(url: string): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'offloop-quick-start-'))
  try {
    const file = join(directory, 'quick-start.mts')
    await writeFile(file, await quickStart(url))
    const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: directory, maxBuffer: 64 * 1_048_576 })
    return stdout.trim().split('\n')
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const expectLines = (lines: readonly string[]): void => {
  expect(lines).toHaveLength(20_002)
  expect(lines.slice(0, 3)).toEqual(["{ id: 1, name: 'ADA' }", "{ id: 2, name: 'GRACE' }", "{ id: 3, name: 'user 0' }"])
}

test('the quick start of the README runs on SQLite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'offloop-quick-start-'))
  try {
    expectLines(await runQuickStart(`sqlite:///${join(directory, 'app.db')}`))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

describeServers((server) => {
  test('the quick start of the README runs by its URL alone', async () => {
    const database = server.table('quick_start')
    const admin = server.engine()
    await using conn = await admin.connect()
    // A database of its own: the program's table is called "users".
    await conn.execute(server.name === 'postgresql' ? `create schema ${database}` : `create database ${database}`)
    try {
      const url = EngineURL.parse(server.url)
      const own =
        server.name === 'postgresql' ? url.with({ query: { ...url.query, options: `-c search_path=${database}` } }) : url.with({ database })
      expectLines(await runQuickStart(own.render({ hidePassword: false })))
    } finally {
      await conn.execute(server.name === 'postgresql' ? `drop schema ${database} cascade` : `drop database ${database}`)
    }
  })
})
