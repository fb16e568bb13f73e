import { join } from 'node:path'
import { createEngine } from 'offloop'
import { expect, test } from 'vitest'
import { ShellSession } from '../../src/cli/shell/shell-session.ts'
import { stdout } from '../../src/cli/text-output.ts'
import type { AsyncEngine } from '../../src/engine/contract.ts'
import { temporaryFolder } from './run-command.ts'

test('a completion and a statement at the same time have one connection', async () => {
  await using engine = createEngine(`sqlite:///${join(temporaryFolder(), 'app.db')}`)
  // The built engine has the source's interface, which has private fields of other classes behind it.
  const session = new ShellSession(engine as unknown as AsyncEngine, { readonly: false })
  await engine.script('create table t (a)')
  const settings = { output: stdout, format: 'table', header: true, tellsChanges: true } as const
  const [tables, outcome] = await Promise.all([session.tables(), session.run('insert into t values (1)', settings)])
  expect({ tables, outcome }).toEqual({ tables: [{ name: 't', columns: ['a'] }], outcome: { returnsRows: false, rows: 1 } })
  expect(engine.status().inUse).toBe(1)
})
