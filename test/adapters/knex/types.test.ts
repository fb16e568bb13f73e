import knex, { type Knex } from 'knex'
import { createEngine } from 'offloop'
import { OffloopClient, type OffloopConnectionConfig } from 'offloop/knex'
import { expect, expectTypeOf, test } from 'vitest'

interface City {
  id: number
  name: string
}

test('a strict program may write the connection in every form', async () => {
  const engine = createEngine('sqlite://')
  const configs: Knex.Config[] = [
    { client: OffloopClient },
    { client: OffloopClient, connection: { engine } },
    { client: OffloopClient, connection: { filename: ':memory:' } },
    { client: OffloopClient, connection: { filename: ':memory:', options: { safeIntegers: true, readonly: true } } },
    { client: OffloopClient, connection: { url: 'sqlite://', options: { pragmas: { cache_size: -1_000 }, readers: 1 } } },
    { client: OffloopClient, connection: 'sqlite:///:memory:' },
    { client: OffloopClient, connection: async () => ({ filename: ':memory:' }) },
    // @ts-expect-error an engine option that does not exist
    { client: OffloopClient, connection: { url: 'sqlite://', options: { poools: 1 } } },
  ]
  expect(configs).toHaveLength(8)
  expectTypeOf(OffloopClient).toExtend<typeof Knex.Client>()
  expectTypeOf<OffloopConnectionConfig>().toExtend<Knex.StaticConnectionConfig>()
  await engine.close()
})

test('rows have the types that Knex gives them', async () => {
  const db: Knex = knex({ client: OffloopClient, connection: { filename: ':memory:' }, useNullAsDefault: true })
  await db.raw('create table city (id integer primary key, name text)')
  const cities = await db<City>('city').select('id', 'name')
  expectTypeOf(cities).toEqualTypeOf<Pick<City, 'id' | 'name'>[]>()
  expect(cities).toEqual([])
  await db.destroy()
})
