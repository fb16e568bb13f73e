import type { AsyncEngine, DialectName } from 'offloop'
import { inspect, type TableDescription } from 'offloop/schema'
import { afterAll, afterEach, beforeEach, describe } from 'vitest'
import { isServer, type Target, targets } from '../../conformance/target.ts'
import { Fixture } from '../../conformance/targets.ts'
import { describeOnServer } from '../../test-servers.ts'

const DIALECTS: Readonly<Record<Target['driver'], DialectName>> = {
  'better-sqlite3': 'sqlite',
  node: 'sqlite',
  pg: 'postgresql',
  mysql2: 'mysql',
}

/** Runs the tests on every driver of one dialect; each test has a database, or a schema of PostgreSQL, of its own. */
export function describeDialect(dialect: DialectName, tests: (fixture: Fixture) => void): void {
  // In a file: what a name means there it means in memory.
  for (const target of targets.filter(({ driver, storage }) => DIALECTS[driver] === dialect && storage !== 'memory')) {
    const describeAll = (): void => {
      const fixture = new Fixture(target)
      beforeEach(() => fixture.open())
      afterEach(() => fixture.close())
      afterAll(() => fixture.end())
      tests(fixture)
    }
    if (isServer(target)) describeOnServer(target.server, target.driver, describeAll)
    else describe(target.driver, describeAll)
  }
}

/** The dialect that the fixture's engines speak. */
export function dialectOf({ target }: Fixture): DialectName {
  return DIALECTS[target.driver]
}

/** An engine whose database was made by a script. */
export async function engineOf(fixture: Fixture, script: string): Promise<AsyncEngine> {
  const engine = fixture.engine()
  await engine.script(script)
  return engine
}

/** Makes a database by a script and describes one of its tables. */
export async function describedBy(fixture: Fixture, script: string, table = 't'): Promise<TableDescription> {
  const [description] = await inspect(await engineOf(fixture, script)).describe({ only: [table] })
  if (description === undefined) throw new Error('Expected a description, found none.')
  return description
}
