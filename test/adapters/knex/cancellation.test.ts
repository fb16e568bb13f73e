import knex from 'knex'
import { describe, expect, test } from 'vitest'
import { openConfig, openEngine, openKnex, places, rejectionOf } from './open-knex.ts'
import { series, slow } from './series.ts'

const { KnexTimeoutError } = knex

describe.for(places)('in %s', (place) => {
  test('.timeout() rejects in time, and the connection is replaced', async () => {
    const db = openKnex(place, { pool: { min: 0, max: 1 } })
    const error = await rejectionOf(db.raw(slow).timeout(30))
    expect(error).toBeInstanceOf(KnexTimeoutError)
    expect(error['timeout']).toBe(30)
    expect(await db.raw('select 1 as one')).toEqual([{ one: 1 }])
  })

  test('.timeout() with cancel gives the statement up, and another connection serves while its thread is still busy', async () => {
    const engine = openEngine(place)
    // Two threads that rest: the second one is there at once.
    for (const connection of await Promise.all([engine.connect(), engine.connect()])) await connection.close()
    const db = openConfig({ connection: { engine }, pool: { min: 0, max: 1 } })
    const events: string[] = []
    db.on('query-error', (error) => events.push(error.code))
    expect(await rejectionOf(db.raw(slow).timeout(30, { cancel: true }))).toBeInstanceOf(KnexTimeoutError)
    expect(await db.raw('select 1 as one')).toEqual([{ one: 1 }])
    expect(engine.status().quarantined).toBe(1)
    expect(events).toEqual(['ABORT_ERR'])
  })

  test('a statement that yields rows stops between two of them', async () => {
    const db = openKnex(place, { pool: { min: 0, max: 1 } })
    const endlessRows = 'with recursive n(i) as (select 1 union all select i + 1 from n) select i from n'
    expect(await rejectionOf(db.raw(endlessRows).timeout(30, { cancel: true }))).toBeInstanceOf(KnexTimeoutError)
    expect(await db.raw('select 1 as one')).toEqual([{ one: 1 }])
  })

  test('one that is quick enough is not touched', async () => {
    const db = openKnex(place)
    expect(await db.raw(series(3)).timeout(10_000, { cancel: true })).toHaveLength(3)
    expect(await db.raw('select 1 as one').timeout(10_000, { cancel: true })).toEqual([{ one: 1 }])
  })

  test('inside a transaction it is the statement that goes, and not what was done before', async () => {
    const db = openKnex(place)
    await db.raw('create table t (x)')
    await db.transaction(async (trx) => {
      await trx('t').insert({ x: 1 })
      const endlessRows = 'with recursive n(i) as (select 1 union all select i + 1 from n) select i from n'
      expect(await rejectionOf(trx.raw(endlessRows).timeout(30, { cancel: true }))).toBeInstanceOf(KnexTimeoutError)
      await trx('t').insert({ x: 2 })
    })
    expect(await db('t').orderBy('x').pluck('x')).toEqual([1, 2])
  })

  test('of two that wait on one connection, the one whose time is over goes', async () => {
    const db = openKnex(place)
    await db.transaction(async (trx) => {
      const patient = trx
        .raw(slow)
        .timeout(60_000, { cancel: true })
        .then((rows) => rows)
      const hasty = rejectionOf(trx.raw('select 1 as one').timeout(30, { cancel: true }))
      expect(await patient).toHaveLength(1)
      expect(await hasty).toBeInstanceOf(KnexTimeoutError)
    })
  })

  test('a statement that waits for the write lock is taken out of the line', async () => {
    const engine = openEngine(place)
    const db = openConfig({ connection: { engine } })
    await db.raw('create table t (x)')
    const holder = await engine.begin()
    const insert = db.transaction(async (trx) => trx('t').insert({ x: 1 }).timeout(30, { cancel: true }))
    expect(await rejectionOf(insert)).toBeInstanceOf(KnexTimeoutError)
    await holder.rollback()
    expect(await db('t')).toEqual([])
  })
})
