// A program to be bundled: connects, queries through each layer, closes, and ends by itself. Its arguments: options as JSON, and the URL of a
// server in place of a file.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { createEngine, sql } from 'offloop'
import { kysely } from 'offloop/kysely'
import { Migrations } from 'offloop/migrations'
import { ModelRegistry } from 'offloop/orm'
import { integer, MetaData, string, Table } from 'offloop/schema'

const [, , options = '{}', server] = process.argv
const file = `bundled-${process.pid}.db`

async function main() {
  const engine = createEngine(server ?? `sqlite:///${file}`, JSON.parse(options))
  const conn = await engine.connect()
  assert.equal(await conn.scalar(sql`select ${40} + 2`), 42)
  if (server === undefined) {
    // Over the control channel.
    assert.equal(await conn.driver.pragma('user_version', { simple: true }), 0)
    await useLayers(engine)
  }
  await conn.close()
  await engine.close()
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true })
}

async function useLayers(engine) {
  const metadata = new MetaData()
  const cities = new Table('city', metadata, { id: integer({ primaryKey: true }), name: string(50, { nullable: false }) })
  await metadata.createAll(engine)
  await engine.executeMany(cities.insert(), [{ name: 'Kyoto' }, { name: 'Nara' }])
  const names = []
  for await (const { name } of engine.stream(cities.select().orderBy('id'))) names.push(name)
  assert.deepEqual(names, ['Kyoto', 'Nara'])
  assert.deepEqual(await kysely(engine).selectFrom('city').select('name').where('id', '=', 2).execute(), [{ name: 'Nara' }])
  assert.equal(typeof Migrations, 'function')
  assert.equal(typeof ModelRegistry, 'function')
}

main().then(
  () => console.log('done'),
  (error) => {
    console.error(`${error.name}: ${error.message}`)
    process.exitCode = 1
  },
)
