// The README's first steps as a program: runs wherever `offloop` is installed, on every supported Node.js.
import assert from 'node:assert/strict'
import { createEngine, IntegrityError, sql } from 'offloop'

const engine = createEngine('sqlite:///quick-start-esm.db')

await engine.execute('create table city (id integer primary key, name text not null unique, population integer not null)')
await engine.executeMany('insert into city (name, population) values (?, ?)', [
  ['Kyoto', 1_459_640],
  ['Nara', 367_353],
])

const name = 'Kyoto'
assert.deepEqual(await engine.execute(sql`select id, population from city where name = ${name}`).fetchall(), [
  { id: 1, population: 1_459_640 },
])

const transaction = await engine.begin()
await transaction.execute('insert into city (name, population) values (:name, :population)', { name: 'Uji', population: 179_630 })
await transaction.rollback()
assert.equal(await engine.scalar('select count(*) from city'), 2)

await engine.transaction(async (tx) => {
  await tx.execute(sql`insert into city (name, population) values (${'Uji'}, ${179_630})`)
})

const names = []
for await (const city of engine.stream('select name from city order by population desc')) names.push(city.name)
assert.deepEqual(names, ['Kyoto', 'Nara', 'Uji'])

await assert.rejects(engine.execute('insert into city (name, population) values (?, ?)', ['Nara', 1]), IntegrityError)

await engine.close()
console.log('done')
