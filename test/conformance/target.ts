import { type TestServer, testServers } from '../test-servers.ts'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
/** Older ones cut texts at a NUL character, and the driver refuses them. */
const nodeSqliteWorks = major > 24 || (major === 24 && minor >= 16)

interface SqliteTarget {
  readonly driver: 'better-sqlite3' | 'node'
  readonly storage: 'file' | 'memory'
}

export interface ServerTarget {
  readonly driver: 'pg' | 'mysql2'
  readonly storage: 'server'
  readonly server: TestServer
}

/** What the suite runs on. */
export type Target = SqliteTarget | ServerTarget

const drivers: readonly SqliteTarget['driver'][] = nodeSqliteWorks ? ['better-sqlite3', 'node'] : ['better-sqlite3']

export const targets: readonly Target[] = [
  ...drivers.flatMap((driver): SqliteTarget[] => [
    { driver, storage: 'file' },
    { driver, storage: 'memory' },
  ]),
  { driver: 'pg', storage: 'server', server: testServers.postgresql },
  { driver: 'mysql2', storage: 'server', server: testServers.mysql },
]

/** Every database, and SQLite with each driver once: for what does not know which driver it has. */
export const databaseTargets: readonly Target[] = targets.filter(
  ({ driver, storage }) => storage === 'server' || (storage === 'file') === (driver === 'better-sqlite3'),
)

export function isServer(target: Target): target is ServerTarget {
  return target.storage === 'server'
}
