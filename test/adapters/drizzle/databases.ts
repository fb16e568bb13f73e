import { isServer, targets } from '../../conformance/target.ts'
import { describeEach, type Fixture } from '../../conformance/targets.ts'

/** Runs the tests with every driver of SQLite, in a file and in memory. */
export function describeSqlite(tests: (fixture: Fixture) => void): void {
  describeEach(
    targets.filter((target) => !isServer(target)),
    tests,
  )
}

/** Runs the tests with every driver of SQLite on databases in files, which several engines can open. */
export function describeSqliteFiles(tests: (fixture: Fixture) => void): void {
  describeEach(
    targets.filter(({ storage }) => storage === 'file'),
    tests,
  )
}

/** Runs the tests on PostgreSQL, each in a schema of its own. */
export function describePostgres(tests: (fixture: Fixture) => void): void {
  describeEach(
    targets.filter(({ driver }) => driver === 'pg'),
    tests,
  )
}
