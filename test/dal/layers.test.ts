import { AbortError, ArgumentError, InvalidRequestError, OffloopError } from 'offloop'
import { DataAccessLayer, TransactionManager, totalCount, transaction } from 'offloop/dal'
import { expect, test } from 'vitest'
import { describeDialects, rejectionOf } from '../conformance/targets.ts'
import { createLibrary } from './library.ts'

describeDialects((fixture) => {
  async function library() {
    const engine = fixture.engine()
    const tables = await createLibrary(engine)
    return { engine, tables, dal: await DataAccessLayer.reflect(engine) }
  }

  test('reflect() knows tables and views by name, and an unknown name is refused with the nearest one', async () => {
    const { engine, dal } = await library()
    expect([...dal.metadata.tables.keys()].sort()).toEqual(['author', 'book', 'book_names', 'seat'])
    expect(dal.engine).toBe(engine)
    expect(await dal.inspector.tables()).toEqual(['author', 'book', 'seat'])
    expect(dal.getTable('book').columns.map(({ name }) => name)).toContain('catalog')
    expect(() => dal.getTable('bok')).toThrow('No table or view "bok" was reflected. Did you mean "book"?')
    for (const name of ['nope', 'constructor', '__proto__', '']) expect(() => dal.getTable(name)).toThrow(OffloopError)
  })

  test('views can be left out, and a list names what is read', async () => {
    const { engine } = await library()
    const tables = await DataAccessLayer.reflect(engine, { views: false })
    expect([...tables.metadata.tables.keys()].sort()).toEqual(['author', 'book', 'seat'])
    const some = await DataAccessLayer.reflect(engine, { only: ['author', 'book_names'] })
    expect([...some.metadata.tables.keys()].sort()).toEqual(['author', 'book_names'])
    const refusal = await rejectionOf(DataAccessLayer.reflect(engine, { only: ['author', 'bok'] }))
    expect(refusal).toBeInstanceOf(InvalidRequestError)
    expect(refusal.message).toBe('There is no table or view "bok" to reflect. Did you mean "book"?')
    expect(await rejectionOf(DataAccessLayer.reflect({} as never))).toBeInstanceOf(ArgumentError)
    expect((await rejectionOf(DataAccessLayer.reflect(engine, { view: false } as never))).message).toContain('Did you mean "views"?')
  })

  test('all unique constraints of a table are found, and each by its own name', async () => {
    const { dal } = await library()
    const all = dal.getUniqueConstraints('book')
    expect(all.map(({ columns }) => columns.join()).sort()).toEqual(['author_id,name', 'catalog'])
    expect(all.map(({ name }) => name).sort()).toEqual(['uc__book', 'uc__book_name'])
    expect(dal.getUniqueConstraints('uc__book')).toEqual([{ name: 'uc__book', columns: ['catalog'] }])
    expect(dal.getUniqueConstraints('author')).toEqual([])
    expect(() => dal.getUniqueConstraints('uc__bok')).toThrow('Did you mean "uc__book"?')
  })

  test('two layers share neither tables nor aliases', async () => {
    const { engine, dal } = await library()
    const other = await DataAccessLayer.reflect(engine, { only: ['author'] })
    dal.setAlias('a', dal.getTable('author').alias('a'))
    expect(() => other.getAlias('a')).toThrow(OffloopError)
    expect(() => other.getTable('book')).toThrow(OffloopError)
    expect(() => other.getUniqueConstraints('book')).toThrow(OffloopError)
  })

  test('an alias is looked for in the transaction first, then in the layer', async () => {
    const { dal } = await library()
    const author = dal.getTable('author')
    dal.setAlias('writers', author.alias('w'))
    dal.setAlias('readers', author.alias('r'))
    await transaction(dal, async (tx) => {
      tx.setAlias('writers', author.alias('mine'))
      expect([tx.getAlias('writers').name, tx.getAlias('readers').name]).toEqual(['mine', 'r'])
      const writers = tx.getAlias('writers')
      expect(await tx.execute(writers.select(writers.c['name']?.eq('Ada'))).fetchall()).toEqual([{ id: 1, name: 'Ada' }])
      expect(() => tx.getAlias('writer')).toThrow('Did you mean "writers"?')
    })
    expect(dal.getAlias('writers').name).toBe('w')
  })

  test('a transaction commits when its function returns, and gives what that returns', async () => {
    const { engine, dal } = await library()
    const id = await transaction(dal, async (tx) => {
      expect(tx).toBeInstanceOf(TransactionManager)
      expect(tx.getUniqueConstraints('uc__book')).toHaveLength(1)
      await tx.execute(tx.getTable('author').insert().values({ id: 2, name: 'Bob' }))
      return 2
    })
    expect(id).toBe(2)
    expect(await engine.scalar('select count(*) from author')).toBe(2)
  })

  test('a transaction rolls back when its function throws, and passes the error on as it is', async () => {
    const { engine, dal } = await library()
    const error = new Error('stop')
    const refusal = await rejectionOf(
      transaction(dal, async (tx) => {
        await tx.execute(tx.getTable('author').insert().values({ id: 2, name: 'Bob' }))
        throw error
      }),
    )
    expect(refusal).toBe(error)
    expect(await engine.scalar('select count(*) from author')).toBe(1)
  })

  test('with commit: false nothing stays, and an explicit commit() stays', async () => {
    const { engine, dal } = await library()
    const insert = (tx: TransactionManager, id: number) => tx.execute(tx.getTable('author').insert().values({ id, name: 'Bob' }))
    expect(await transaction(dal, async (tx) => (await insert(tx, 2)).rowcount, { commit: false })).toBe(1)
    expect(await engine.scalar('select count(*) from author')).toBe(1)
    await transaction(
      dal,
      async (tx) => {
        await insert(tx, 3)
        await tx.commit()
      },
      { commit: false },
    )
    await transaction(dal, async (tx) => {
      await insert(tx, 4)
      await tx.rollback()
    })
    expect(await engine.execute('select id from author order by id').scalars()).toEqual([1, 3])
  })

  test('a transaction whose signal fires is rolled back, though its function returns', async () => {
    const { engine, dal } = await library()
    const controller = new AbortController()
    const refusal = await rejectionOf(
      transaction(
        dal,
        async (tx) => {
          await tx.execute(tx.getTable('author').insert().values({ id: 2, name: 'Bob' }))
          controller.abort(new Error('enough'))
        },
        { signal: controller.signal },
      ),
    )
    expect(refusal).toBeInstanceOf(AbortError)
    expect(refusal.cause).toBe(controller.signal.reason)
    expect(await engine.scalar('select count(*) from author')).toBe(1)
  })

  test('after its end every use of a transaction rejects', async () => {
    const { dal } = await library()
    let left: TransactionManager | undefined
    await transaction(dal, async (tx) => {
      left = tx
    })
    const tx = left as TransactionManager
    expect(tx.isActive).toBe(false)
    expect(await rejectionOf(tx.execute('select 1'))).toBeInstanceOf(OffloopError)
    expect(await rejectionOf(tx.scalar('select 1'))).toBeInstanceOf(OffloopError)
    expect(await rejectionOf(tx.executeMany(tx.getTable('author').insert(), [{ id: 9, name: 'x' }]))).toBeInstanceOf(OffloopError)
    expect(await rejectionOf(tx.commit())).toBeInstanceOf(InvalidRequestError)
    await tx.rollback()
  })

  test('a transaction that is begun is rolled back when it is disposed of uncommitted', async () => {
    const { engine, dal } = await library()
    {
      await using tx = await dal.begin()
      await tx.execute(tx.getTable('author').insert().values({ id: 2, name: 'Bob' }))
    }
    {
      await using tx = await dal.begin()
      await tx.execute(tx.getTable('author').insert().values({ id: 3, name: 'Eve' }))
      await tx.commit()
    }
    expect(await engine.execute('select id from author order by id').scalars()).toEqual([1, 3])
  })

  test('a transaction inside a transaction fails alone, and has aliases of its own', async () => {
    const { engine, dal } = await library()
    await transaction(dal, async (tx) => {
      tx.setAlias('outer', tx.getTable('author'))
      const refusal = await rejectionOf(
        tx.transaction(async (inner) => {
          inner.setAlias('inner', 1)
          await inner.execute(inner.getTable('author').insert().values({ id: 2, name: 'Bob' }))
          expect(inner.getAlias('outer')).toBe(tx.getTable('author'))
          throw new Error('inner')
        }),
      )
      expect(refusal.message).toBe('inner')
      expect(() => tx.getAlias('inner')).toThrow(OffloopError)
      await tx.execute(tx.getTable('author').insert().values({ id: 3, name: 'Eve' }))
    })
    expect(await engine.execute('select id from author order by id').scalars()).toEqual([1, 3])
  })

  test('a layer of a connection works inside its open transaction, and its own are savepoints', async () => {
    const { engine } = await library()
    await using conn = await engine.connect()
    const dal = await DataAccessLayer.reflect(conn)
    const outer = await conn.begin()
    {
      await using tx = await dal.begin()
      await tx.execute(tx.getTable('author').insert().values({ id: 2, name: 'Bob' }))
      expect(tx.connection.id).toBe(conn.id)
    }
    expect(await rejectionOf(dal.begin({ isolationLevel: 'serializable' }))).toBeInstanceOf(InvalidRequestError)
    await outer.commit()
    await transaction(dal, async (tx) => {
      await tx.execute(tx.getTable('author').insert().values({ id: 3, name: 'Eve' }))
    })
    expect(await engine.execute('select id from author order by id').scalars()).toEqual([1, 3])
  })

  test('totalCount() has the number of all rows in each row of a limited list', async () => {
    const { engine, dal } = await library()
    const author = dal.getTable('author')
    await engine.executeMany(
      author.insert(),
      [2, 3, 4].map((id) => ({ id, name: `n${id}` })),
    )
    const id = author.column('id')
    const rows = await engine.execute(author.select(id.gt(1)).select(totalCount(id)).orderBy(id.desc()).limit(2)).fetchall()
    expect(rows).toEqual([
      { id: 4, name: 'n4', total_count: 3 },
      { id: 3, name: 'n3', total_count: 3 },
    ])
  })
})
