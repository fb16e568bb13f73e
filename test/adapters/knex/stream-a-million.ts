/** Streams a million rows out of the database that it is given, and prints what came, as JSON. A program of its own, to be run with a small heap. */
import knex from 'knex'
import { OffloopClient } from 'offloop/knex'
import { series } from './series.ts'

const db = knex({ client: OffloopClient, connection: { filename: process.argv[2] ?? ':memory:' }, useNullAsDefault: true })
let rows = 0
let sum = 0
for await (const row of db.raw(series(1_000_000)).stream()) {
  rows++
  sum += row.i
}
await db.destroy()
console.log(JSON.stringify({ rows, sum }))
