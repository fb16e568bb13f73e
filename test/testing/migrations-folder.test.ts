import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ArgumentError } from 'offloop'
import { MigrationError, Migrations } from 'offloop/migrations'
import { temporaryDatabase } from 'offloop/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rejectionOf } from '../conformance/targets.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offloop-folder-'))
  await writeFile(join(folder, '0001_people.sql'), '-- up\ncreate table people (id integer primary key, name text not null);\n')
})
afterEach(() => rm(folder, { recursive: true }))

test('the migrations of a folder make the tables of a database', async () => {
  for (const migrations of [folder, pathToFileURL(`${folder}/`)]) {
    await using database = await temporaryDatabase({ migrations })
    expect(database.metadata?.tables.has('people')).toBe(true)
    expect((await new Migrations(database.engine, { directory: folder }).status()).map(({ state }) => state)).toEqual(['applied'])
  }
})

test('a migration that fails leaves no database', async () => {
  await writeFile(join(folder, '0002_broken.sql'), '-- up\ncreate tabel nothing;\n')
  const error = await rejectionOf(temporaryDatabase({ migrations: folder, directory: folder }))
  expect(error).toBeInstanceOf(MigrationError)
  expect(error.message).toContain('0002_broken.sql')
})

test('migrations of another engine are refused', async () => {
  await using database = await temporaryDatabase()
  const migrations = new Migrations(database.engine, { directory: folder })
  expect(await rejectionOf(temporaryDatabase({ migrations: migrations as never }))).toBeInstanceOf(ArgumentError)
})
