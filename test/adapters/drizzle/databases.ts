import { afterAll, afterEach, beforeEach, describe } from 'vitest'
import { isServer, type Target, targets } from '../../conformance/target.ts'
import { Fixture } from '../../conformance/targets.ts'
import { describeOnServer } from '../../test-servers.ts'

/** Runs the tests with every driver of SQLite, in a file and in memory. */
export function describeSqlite(tests: (fixture: Fixture) => void): void {
  for (const target of targets.filter((each) => !isServer(each))) {
    describe(`${target.driver}, ${target.storage}`, () => useFixture(target, tests))
  }
}

/** Runs the tests with every driver of SQLite on databases in files, which several engines can open. */
export function describeSqliteFiles(tests: (fixture: Fixture) => void): void {
  for (const target of targets.filter(({ storage }) => storage === 'file')) describe(target.driver, () => useFixture(target, tests))
}

/** Runs the tests on PostgreSQL, each in a schema of its own. */
export function describePostgres(tests: (fixture: Fixture) => void): void {
  for (const target of targets.filter(isServer)) {
    if (target.driver === 'pg') describeOnServer(target.server, 'pg', () => useFixture(target, tests))
  }
}

function useFixture(target: Target, tests: (fixture: Fixture) => void): void {
  const fixture = new Fixture(target)
  beforeEach(() => fixture.open())
  afterEach(() => fixture.close())
  afterAll(() => fixture.end())
  tests(fixture)
}
