import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { median } from './statistics.ts'

/** What the figures depend on beside the program. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGb: number
  readonly system: string
  readonly node: string
  /** Of a page of 4 KiB in the directory of the databases, in milliseconds: what a durable commit costs at least. */
  readonly fsyncMs: number
  readonly versions: Readonly<Record<string, string>>
}

const root = new URL('../', import.meta.url)

const measuredPackages = {
  offloop: 'package.json',
  'better-sqlite3': 'node_modules/better-sqlite3/package.json',
  piscina: 'node_modules/piscina/package.json',
  comlink: 'node_modules/comlink/package.json',
  sqlite3: 'bench/baselines/node_modules/sqlite3/package.json',
  '@libsql/client': 'bench/baselines/node_modules/@libsql/client/package.json',
  '@tursodatabase/database': 'bench/baselines/node_modules/@tursodatabase/database/package.json',
  kysely: 'bench/baselines/node_modules/kysely/package.json',
  'drizzle-orm': 'bench/baselines/node_modules/drizzle-orm/package.json',
  '@mikro-orm/core': 'node_modules/@mikro-orm/core/package.json',
  typeorm: 'bench/baselines/node_modules/typeorm/package.json',
}

export function describeMachine(directory: string): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()} ${process.arch}`,
    node: process.versions.node,
    fsyncMs: Number(measureFsync(directory).toPrecision(3)),
    versions: Object.fromEntries(
      Object.entries(measuredPackages).flatMap(([name, path]) => {
        const version = versionIn(new URL(path, root))
        return version === undefined ? [] : [[name, version]]
      }),
    ),
  }
}

function versionIn(manifest: URL): string | undefined {
  try {
    return JSON.parse(readFileSync(manifest, 'utf8')).version
  } catch {
    return undefined
  }
}

function measureFsync(directory: string): number {
  const file = join(directory, 'fsync')
  const descriptor = openSync(file, 'w')
  try {
    const page = Buffer.alloc(4_096)
    return median(
      Array.from({ length: 50 }, () => {
        writeSync(descriptor, page)
        const startedAt = performance.now()
        fdatasyncSync(descriptor)
        return performance.now() - startedAt
      }),
    )
  } finally {
    closeSync(descriptor)
    rmSync(file)
  }
}
