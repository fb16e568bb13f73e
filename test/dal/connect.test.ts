import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ArgumentError, OffloopError, OperationalError, ResourceClosedError } from 'offloop'
import { connect, orFail } from 'offloop/dal'
import { expect, test } from 'vitest'
import { describeDialects, rejectionOf } from '../conformance/targets.ts'
import { createLibrary } from './library.ts'

const program = fileURLToPath(new URL('./or-fail.mjs', import.meta.url))

describeDialects((fixture) => {
  test('connect() gives a layer on an engine of its own, which is closed with it', async () => {
    await createLibrary(fixture.engine())
    const dal = await connect(fixture.url, { views: false, pool: { max: 2 } })
    expect([...dal.metadata.tables.keys()].sort()).toEqual(['author', 'book', 'seat'])
    await dal.transaction((tx) => tx.execute(tx.getTable('author').insert().values({ id: 2, name: 'Bob' })))
    await dal.close()
    await dal.close()
    expect(dal.engine.closed).toBe(true)
    expect(await rejectionOf(dal.engine.execute('select 1'))).toBeInstanceOf(ResourceClosedError)
    await using again = await connect(fixture.url)
    expect(await again.engine.scalar('select count(*) from author')).toBe(2)
  })

  test('when reflecting fails nothing is left of the engine', async () => {
    // The fixture counts the threads.
    expect(await rejectionOf(connect(fixture.url, { only: ['nope'] }))).toBeInstanceOf(OffloopError)
    expect(await rejectionOf(orFail(fixture.url, { only: ['nope'], withExit: false }))).toBeInstanceOf(OffloopError)
    expect(await rejectionOf(connect(fixture.url, { viws: true } as never))).toBeInstanceOf(ArgumentError)
  })
})

test('orFail() prints class and message and ends the process with status 1', async () => {
  const url = 'sqlite:////no/such/directory/app.db'
  const refusal = await rejectionOf(orFail(url, { withExit: false }))
  expect(refusal).toBeInstanceOf(OperationalError)
  const ended = await promisify(execFile)(process.execPath, [program, url]).catch((error) => error)
  expect(ended).toMatchObject({ code: 1, stdout: '' })
  expect(ended.stderr).toBe(`OperationalError: ${refusal.message}\n`)
})

test('orFail() goes on where nothing fails', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, 'sqlite://'])
  expect({ stdout, stderr }).toEqual({ stdout: 'connected\n', stderr: '' })
})
