import type { AsyncEngine, DialectName } from 'offloop'
import { inspect, type TableDescription } from 'offloop/schema'
import { type Target, targets } from '../../conformance/target.ts'
import { describeEach, type Fixture } from '../../conformance/targets.ts'

const DIALECTS: Readonly<Record<Target['driver'], DialectName>> = {
  'better-sqlite3': 'sqlite',
  node: 'sqlite',
  pg: 'postgresql',
  mysql2: 'mysql',
}

/** Runs the tests on every driver of one dialect; each test has a database, or a schema of PostgreSQL, of its own. */
export function describeDialect(dialect: DialectName, tests: (fixture: Fixture) => void): void {
  // In a file: what a name means there it means in memory.
  describeEach(
    targets.filter(({ driver, storage }) => DIALECTS[driver] === dialect && storage !== 'memory'),
    tests,
  )
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
