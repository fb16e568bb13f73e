import { readFileSync } from 'node:fs'
import type { AsyncEngine } from 'offloop'
import { Migrations } from 'offloop/migrations'
import type { MetaData } from 'offloop/schema'
import { expect } from 'vitest'
import type { Fixture } from '../conformance/targets.ts'
import { Folder } from './folder.ts'

/** The fixture's engine, and migrations of an empty folder. */
export function open(fixture: Fixture): { readonly engine: AsyncEngine; readonly migrations: Migrations; readonly folder: Folder } {
  const engine = fixture.engine()
  const folder = new Folder()
  return { engine, folder, migrations: new Migrations(engine, { directory: folder.path }) }
}

/** Writes a migration towards the tables and applies it; then nothing is left. */
export async function become(migrations: Migrations, metadata: MetaData): Promise<string> {
  const { path } = await migrations.autogenerate(metadata)
  if (path === null) throw new Error('Expected something to do.')
  expect(await migrations.up()).toHaveLength(1)
  expect((await migrations.autogenerate(metadata)).statements).toEqual([])
  return readFileSync(path, 'utf8')
}
