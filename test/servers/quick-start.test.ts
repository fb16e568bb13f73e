import { EngineURL } from 'offloop'
import { afterAll, expect, test } from 'vitest'
import { readPage } from '../docs/page.ts'
import { programsOf, runsAsItStands } from '../docs/program.ts'
import { runPrograms } from '../docs/run-programs.ts'
import { Workspace } from '../docs/workspace.ts'
import { describeServers } from './servers.ts'

const [quickStart] = programsOf(readPage('README.md'))
if (quickStart === undefined) throw new Error('The README has no quick start.')
const workspace = new Workspace()
afterAll(() => workspace[Symbol.dispose]())

describeServers((server) => {
  test.skipIf(!runsAsItStands(quickStart))('the quick start of the README runs by its URL alone', async () => {
    const database = server.table('quick_start')
    const admin = server.engine()
    await using conn = await admin.connect()
    // A database of its own: the program's table is called "users".
    await conn.execute(server.name === 'postgresql' ? `create schema ${database}` : `create database ${database}`)
    try {
      const url = EngineURL.parse(server.url)
      const own =
        server.name === 'postgresql' ? url.with({ query: { ...url.query, options: `-c search_path=${database}` } }) : url.with({ database })
      const changed = quickStart.code.replace("'sqlite:///app.db'", () => JSON.stringify(own.render({ hidePassword: false })))
      expect(changed).not.toBe(quickStart.code)
      const program = { ...quickStart, code: changed }
      const { found, expected } = (await runPrograms(workspace, [program])).get(program) ?? {}
      expect(expected?.stdout).toHaveLength(6)
      expect(found).toEqual(expected)
    } finally {
      await conn.execute(server.name === 'postgresql' ? `drop schema ${database} cascade` : `drop database ${database}`)
    }
  })
})
