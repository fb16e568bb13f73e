import { readFileSync, rmSync, writeFileSync } from 'node:fs'
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

/**
 * Writes a migration towards the tables and applies it; then nothing is left. Before that it goes there and back, and the same is left as was at first.
 *
 * @param options `back: false` where the values do not survive that
 */
export async function become(migrations: Migrations, metadata: MetaData, { back = true } = {}): Promise<string> {
  const { path, statements, down } = await migrations.autogenerate(metadata)
  if (path === null) throw new Error('Expected something to do.')
  const text = readFileSync(path, 'utf8')
  if (back) {
    const script = [...statements, '-- down', ...down].join(';\n')
    await expect(migrations.up(), script).resolves.toHaveLength(1)
    await expect(migrations.down(), script).resolves.toHaveLength(1)
    // What is pending would have to be applied before anything is generated.
    rmSync(path)
    expect(await migrations.autogenerate(metadata, { write: false }), script).toEqual({ path: null, statements, down })
    writeFileSync(path, text)
  }
  expect(await migrations.up()).toHaveLength(1)
  expect((await migrations.autogenerate(metadata)).statements).toEqual([])
  return text
}
