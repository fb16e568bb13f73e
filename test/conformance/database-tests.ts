import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MetaData } from 'offloop/schema'
import { databaseTest, type TransactionFixtures } from 'offloop/testing/vitest'
import { describe, type TestAPI } from 'vitest'
import { describeOnServer } from '../test-servers.ts'
import { databaseTargets, isServer, type Target } from './target.ts'

/**
 * Runs the same tests on every database, each with these tables, or with those that `test.beforeAll` makes: what a test does with their rows is
 * undone behind it.
 */
export function describeTables(metadata: MetaData | undefined, tests: (test: TestAPI<TransactionFixtures>) => void): void {
  for (const target of databaseTargets) {
    const test = databaseTest({ url: urlOf(target), metadata, reflect: false })
    const title = `${target.driver}, ${target.storage}`
    if (isServer(target)) describeOnServer(target.server, title, () => tests(test))
    else describe(title, () => tests(test))
  }
}

function urlOf(target: Target): string {
  if (isServer(target)) return target.server.url
  return target.storage === 'file' ? `sqlite+${target.driver}:///${join(tmpdir(), 'any.db')}` : `sqlite+${target.driver}://`
}
