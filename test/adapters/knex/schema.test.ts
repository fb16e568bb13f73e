import type { Knex } from 'knex'
import { describe, expect, test } from 'vitest'
import { filenameOn, openConfig, openKnex, openKnexsOwn, places, rejectionOf, temporaryDirectory } from './open-knex.ts'

/** Changes that SQLite has no statement for: Knex makes the table anew. */
const changes: Readonly<Record<string, (table: Knex.AlterTableBuilder) => unknown>> = {
  'a column is dropped': (table) => table.dropColumn('size'),
  'a column is renamed': (table) => table.renameColumn('name', 'title'),
  'a column is altered': (table) => table.string('name', 10).notNullable().defaultTo('none').alter(),
  'a column is set nullable': (table) => table.setNullable('size'),
  'a column is added': (table) => table.integer('founded').defaultTo(0),
  'a key is dropped': (table) => table.dropPrimary(),
  'a foreign key is added': (table) => table.foreign('country').references('country.id').onDelete('cascade'),
  'a unique constraint is added': (table) => table.unique(['name']),
  'an index is added': (table) => table.index(['name', 'size']),
}

async function tablesOf(db: Knex): Promise<void> {
  await db.schema.createTable('country', (table) => table.increments('id'))
  await db.schema.createTable('city', (table) => {
    table.increments('id')
    table.string('name').index()
    table.integer('size').notNullable().defaultTo(7)
    table.integer('country')
  })
  await db('country').insert({})
  await db('city').insert([{ name: 'Athens', country: 1 }, { name: 'Byzantium' }])
}

describe.for(places)('in %s', (place) => {
  test.for(Object.entries(changes))('%s, as by Knex on better-sqlite3', async ([, change]) => {
    const changed = async (db: Knex): Promise<unknown> => {
      await tablesOf(db)
      await db.schema.alterTable('city', change)
      const schema = await db('sqlite_master').orderBy('name').select('type', 'name', 'sql')
      return { schema, rows: await db('city'), foreignKeys: await db.raw('pragma foreign_keys') }
    }
    expect(await changed(openKnex(place))).toEqual(await changed(openKnexsOwn(place)))
  })

  test.for([
    ['numbers', undefined],
    ['bigints', true],
  ] as const)('foreign keys are off while a table is made anew, and on again behind it, with integers as %s', async ([, safeIntegers]) => {
    const options = safeIntegers === undefined ? {} : { safeIntegers }
    const db = openConfig({ connection: { filename: filenameOn(place), options }, pool: { min: 0, max: 1 } })
    await db.schema.createTable('parent', (table) => {
      table.increments('id')
      table.integer('extra')
    })
    await db.schema.createTable('child', (table) => {
      table.integer('parent').references('parent.id').onDelete('cascade')
    })
    await db('parent').insert({ id: 1 })
    await db('child').insert({ parent: 1 })
    await db.schema.alterTable('parent', (table) => table.dropColumn('extra'))
    expect(await db('child').select(db.raw("'' || parent as parent"))).toEqual([{ parent: '1' }])
    expect(await rejectionOf(db('child').insert({ parent: 2 }))).toMatchObject({ driverCode: 'SQLITE_CONSTRAINT_FOREIGNKEY' })
  })

  test('views, checks and generated columns are made', async () => {
    const db = openKnex(place)
    await db.schema.createTable('t', (table) => {
      table.integer('x').checkPositive()
      table.specificType('twice', 'integer generated always as (x * 2) stored')
    })
    await db.schema.createView('v', (view) => view.as(db('t').select('twice')))
    await db('t').insert({ x: 2 })
    expect(await db('v')).toEqual([{ twice: 4 }])
    expect(await rejectionOf(db('t').insert({ x: -1 }))).toMatchObject({ driverCode: 'SQLITE_CONSTRAINT_CHECK' })
  })
})

class Migrations implements Knex.MigrationSource<string> {
  readonly #migrations: Readonly<Record<string, Knex.Migration>>

  constructor(migrations: Readonly<Record<string, Knex.Migration>>) {
    this.#migrations = migrations
  }

  async getMigrations(): Promise<string[]> {
    return Object.keys(this.#migrations)
  }

  getMigrationName(name: string): string {
    return name
  }

  async getMigration(name: string): Promise<Knex.Migration> {
    return this.#migrations[name] as Knex.Migration
  }
}

const users: Knex.Migration = {
  up: (db) => db.schema.createTable('user', (table) => table.increments('id')),
  down: (db) => db.schema.dropTable('user'),
}
const mails: Knex.Migration = {
  up: (db) => db.schema.alterTable('user', (table) => table.string('mail').unique()),
  down: (db) => db.schema.alterTable('user', (table) => table.dropColumn('mail')),
}
const broken: Knex.Migration = {
  up: async (db) => {
    await db.schema.createTable('half', (table) => table.increments('id'))
    await db.raw('this is no SQL')
  },
  down: async () => {},
}

describe.for(places)('migrations in %s', (place) => {
  test('go up, tell where they are, and go down again', async () => {
    const db = openKnex(place, { migrations: { migrationSource: new Migrations({ '1_users': users, '2_mails': mails }) } })
    expect(await db.migrate.latest()).toEqual([1, ['1_users', '2_mails']])
    expect(await db.migrate.currentVersion()).toBe('2')
    expect(await db('user').columnInfo()).toHaveProperty('mail')
    expect(await db.migrate.rollback()).toEqual([1, ['2_mails', '1_users']])
    expect(await db.schema.hasTable('user')).toBe(false)
  })

  test('of a migration that fails nothing is left, and the lock is free', async () => {
    const log = { warn() {}, error() {}, debug() {}, deprecate() {} }
    const db = openKnex(place, { log, migrations: { migrationSource: new Migrations({ '1_users': users, '2_broken': broken }) } })
    expect(await rejectionOf(db.migrate.latest())).toMatchObject({ code: 'OFFLOOP_PROGRAMMING' })
    expect(await db.schema.hasTable('half')).toBe(false)
    expect(await db('knex_migrations_lock').pluck('is_locked')).toEqual([0])
  })

  test('that are started twice at once run once', async () => {
    const log = { warn() {}, error() {}, debug() {}, deprecate() {} }
    const db = openKnex(place, { log, migrations: { migrationSource: new Migrations({ '1_users': users }) } })
    // Makes its tables, which two cannot make at once.
    await db.migrate.list()
    const outcomes = await Promise.allSettled([db.migrate.latest(), db.migrate.latest()])
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0)
    expect(await db('knex_migrations').pluck('name')).toEqual(['1_users'])
  })
})

test('seeds run', async () => {
  const { writeFileSync } = await import('node:fs')
  const directory = temporaryDirectory()
  writeFileSync(`${directory}/seed.cjs`, "exports.seed = async (db) => { await db('t').del(); await db('t').insert([{ x: 1 }, { x: 2 }]) }")
  const db = openConfig({ connection: { filename: ':memory:' }, seeds: { directory, loadExtensions: ['.cjs'] } })
  await db.raw('create table t (x)')
  await db.seed.run()
  expect(await db('t').pluck('x')).toEqual([1, 2])
})
