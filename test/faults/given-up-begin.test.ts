import { InvalidRequestError } from 'offloop'
import { describe, expect, test } from 'vitest'
import { driverNames } from '../soak/scratch.ts'
import { bySignal, byTimeout } from './giving-up.ts'
import { openEngine, rejectionOf } from './test-engine.ts'

const functions = new URL('../engine/worker-functions.mjs', import.meta.url)

describe.each(driverNames)('%s', (driverName) => {
  describe.each([bySignal, byTimeout])('a begin() given up by $how', ({ begin }) => {
    test('behind work that takes long rejects at once, whatever it has to say first, and leaves the connection as it was', async () => {
      const engine = openEngine({ driverName })
      await engine.script('create table t (x)')
      const conn = await engine.connect()
      for (const options of [{}, { mode: 'deferred' }, { readonly: true }] as const) {
        const held = new Int32Array(new SharedArrayBuffer(4))
        const working = conn.call(functions, 'waitFor', held)
        const given = begin()
        const beginning = rejectionOf(conn.begin({ ...options, ...given.options }))
        const behind = rejectionOf(conn.execute('insert into t values (1)'))
        given.now()
        given.check(await beginning)
        Atomics.store(held, 0, 1)
        Atomics.notify(held, 0)
        await working
        expect(await behind).toBeInstanceOf(InvalidRequestError)
        await conn.execute('insert into t values (2)')
      }
      expect(await engine.execute('select x from t').scalars()).toEqual([2, 2, 2])
      await conn.close()
    })

    test('that waits for a writer takes what was called behind it along', async () => {
      const engine = openEngine({ driverName })
      await engine.script('create table t (x)')
      const [conn, writer] = await Promise.all([engine.connect(), engine.connect()])
      const tx = await writer.begin()
      const given = begin()
      const beginning = rejectionOf(conn.begin(given.options))
      const behind = [rejectionOf(conn.execute('insert into t values (1)')), rejectionOf(conn.scalar('select 1'))]
      given.now()
      given.check(await beginning)
      for (const error of await Promise.all(behind)) expect(error).toBeInstanceOf(InvalidRequestError)
      await tx.commit()
      await conn.execute('insert into t values (2)')
      expect(await engine.execute('select x from t').scalars()).toEqual([2])
      await Promise.all([conn.close(), writer.close()])
    })
  })
})
