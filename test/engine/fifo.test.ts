import { type AsyncConnection, createEngine, type Executor } from 'offloop'
import { afterEach, beforeEach, expect, test } from 'vitest'

const module = new URL('insert-row.ts', import.meta.url)
let engine: ReturnType<typeof createEngine>
let conn: AsyncConnection

beforeEach(async () => {
  engine = createEngine('sqlite://')
  conn = await engine.connect()
  await conn.execute('create table t (x)')
})

afterEach(() => engine.close())

const rows = (): Promise<unknown[]> => conn.execute('select x from t').scalars()

test('calls of every kind that are not awaited run in the order in which they were made', async () => {
  const found: Promise<unknown>[] = []
  const works: readonly (() => Promise<unknown>)[] = [
    () => conn.execute('insert into t values (1)'),
    () => conn.script('insert into t values (2)'),
    () => conn.call(module, 'insertRow', 3),
    () => conn.scalar('insert into t values (4) returning x'),
    () => conn.stream('insert into t values (5) returning x')[Symbol.asyncIterator]().next(),
    () => conn.execute('insert into t values (6)'),
  ]
  const done = works.map((work) => {
    const working = work()
    found.push(rows())
    return working
  })
  await Promise.all(done)
  expect(await Promise.all(found)).toEqual(works.map((_, index) => Array.from({ length: index + 1 }, (_, at) => at + 1)))
})

test('what is called behind begin() is inside the transaction', async () => {
  const beginning = conn.begin()
  const inserting = conn.execute('insert into t values (1)')
  const tx = await beginning
  await inserting
  await tx.rollback()
  expect(await rows()).toEqual([])
})

test('what is called behind transaction() waits for its end', async () => {
  const working = conn.transaction(async (tx) => {
    await tx.execute('insert into t values (1)')
    throw new Error('no')
  })
  const inserting = conn.execute('insert into t values (2)')
  await expect(working).rejects.toThrow('no')
  await inserting
  expect(await rows()).toEqual([2])
})

test('what is called behind commit() is outside the transaction', async () => {
  const tx = await conn.begin()
  await tx.execute('insert into t values (1)')
  tx.execute('insert into missing values (1)')
  const committing = tx.commit()
  const inserting = conn.execute('insert into t values (2)')
  await expect(committing).rejects.toThrow('The transaction was rolled back')
  await inserting
  expect(await rows()).toEqual([2])
})

test('what is called behind rollback() is outside the transaction', async () => {
  const tx = await conn.begin()
  await tx.execute('insert into t values (1)')
  const rolling = tx.rollback()
  const inserting = conn.execute('insert into t values (2)')
  await Promise.all([rolling, inserting])
  expect(await rows()).toEqual([2])
})

test('what is called behind executeMany() is neither among its rows nor rolled back with them', async () => {
  const started = Promise.withResolvers<void>()
  const called = Promise.withResolvers<void>()
  async function* failing(): AsyncGenerator<readonly number[]> {
    // More than one batch, so that the transaction is open.
    for (let row = 0; row < 10_000; row++) yield [row]
    started.resolve()
    await called.promise
    throw new Error('no more')
  }
  const many = conn.executeMany('insert into t values (?)', failing())
  await started.promise
  const inserting = conn.execute('insert into t values (2)')
  called.resolve()
  await expect(many).rejects.toThrow('no more')
  await inserting
  expect(await rows()).toEqual([2])
  const [written, found] = await Promise.all([conn.executeMany('insert into t values (?)', [[3], [4]]), rows()])
  expect(written.rowcount).toBe(2)
  expect(found).toEqual([2, 3, 4])
})

test('what is called on a transaction behind its executeMany() is not rolled back with the rows', async () => {
  const started = Promise.withResolvers<void>()
  const called = Promise.withResolvers<void>()
  async function* failing(): AsyncGenerator<readonly number[]> {
    for (let row = 0; row < 10_000; row++) yield [row]
    started.resolve()
    await called.promise
    throw new Error('no more')
  }
  const tx = await conn.begin()
  const many = tx.executeMany('insert into t values (?)', failing())
  await started.promise
  const behind = [
    tx.execute('insert into t values (1)'),
    conn.execute('insert into t values (2)'),
    tx.script('insert into t values (3)'),
    tx.transaction(async (inner) => inner.execute('insert into t values (4)')),
    tx.executeMany('insert into t values (?)', [[5]]),
    tx.commit(),
    conn.execute('insert into t values (6)'),
  ]
  called.resolve()
  await expect(many).rejects.toThrow('no more')
  await Promise.all(behind)
  expect(tx.isActive).toBe(false)
  expect(await rows()).toEqual([1, 2, 3, 4, 5, 6])
})

test('nested transactions of one transaction that are begun together do not undo one another', async () => {
  await conn.transaction(async (tx) => {
    const failing = async (inner: Executor): Promise<void> => {
      await inner.execute('insert into t values (1)')
      await inner.scalar('select 1')
      throw new Error('no')
    }
    const inserting = async (inner: Executor): Promise<void> => {
      await inner.execute('insert into t values (2)')
      // Its own transaction and the connection are open to it, also by way of the outer one.
      await tx.execute('insert into t values (3)')
      await conn.transaction(async (deeper) => deeper.execute('insert into t values (4)'))
    }
    const settled = await Promise.allSettled([tx.transaction(failing), tx.transaction(inserting), conn.transaction(inserting)])
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
  })
  expect(await rows()).toEqual([2, 3, 4, 2, 3, 4])
})

test('a statement that waits behind a nested transaction does not run when the whole has been rolled back', async () => {
  const called = Promise.withResolvers<void>()
  const tx = await conn.begin()
  const refused = Promise.allSettled([tx.transaction(() => called.promise), conn.execute('insert into t values (1)')])
  await tx.rollback()
  called.resolve()
  const inactive = { status: 'rejected', reason: { message: 'This transaction is inactive' } }
  expect(await refused).toMatchObject([inactive, inactive])
  expect(await rows()).toEqual([])
})

test('a function that ends its transaction early may go on with the connection', async () => {
  await conn.transaction(async (tx) => {
    await tx.execute('insert into t values (1)')
    await tx.commit()
    await conn.execute('insert into t values (2)')
    await conn.transaction(async (next) => next.execute('insert into t values (3)'))
  })
  expect(await rows()).toEqual([1, 2, 3])
})

test('a statement that waits for the end of a transaction does not keep it from committing, and does not count against it', async () => {
  const started = Promise.withResolvers<void>()
  const called = Promise.withResolvers<void>()
  const working = conn.transaction(async (tx) => {
    await tx.execute('insert into t values (1)')
    started.resolve()
    await called.promise
  })
  await started.promise
  const failing = conn.execute('insert into missing values (1)')
  called.resolve()
  await working
  await expect(failing).rejects.toThrow('no such table')
  expect(await rows()).toEqual([1])
})

test('those who wait for a connection get it in the order of their calls', async () => {
  const started = Promise.withResolvers<void>()
  const called = Promise.withResolvers<void>()
  const first = conn.transaction(async () => {
    started.resolve()
    await called.promise
  })
  await started.promise
  const waiting = [
    conn.script('insert into t values (1)'),
    conn.execute('insert into t values (2)'),
    conn.transaction(async (tx) => tx.execute('insert into t values (3)')),
    conn.executeMany('insert into t values (?)', [[4]]),
    conn.call(module, 'insertRow', 5),
  ]
  called.resolve()
  await Promise.all([first, ...waiting])
  expect(await rows()).toEqual([1, 2, 3, 4, 5])
})

test('close() refuses those who wait for the connection', async () => {
  const started = Promise.withResolvers<void>()
  const called = Promise.withResolvers<void>()
  const working = conn.transaction(async () => {
    started.resolve()
    await called.promise
  })
  await started.promise
  const waiting = [conn.execute('select 1'), conn.script('select 1'), conn.transaction(async () => 1), conn.begin(), conn.beginNested()]
  const settled = Promise.allSettled([...waiting, conn.executeMany('insert into t values (?)', [[4]])])
  await conn.close()
  called.resolve()
  await expect(working).rejects.toThrow('inactive')
  expect((await settled).map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual(
    Array.from({ length: 6 }, () => 'OFFLOOP_RESOURCE_CLOSED'),
  )
})

test('the rows of executeMany() may come from the same connection', async () => {
  await conn.executeMany('insert into t values (?)', [[1], [2], [3]])
  await conn.executeMany('insert into t values (?)', conn.stream<readonly number[]>('select x + 10 from t', [], { rowMode: 'array' }))
  expect(await rows()).toEqual([1, 2, 3, 11, 12, 13])
})
