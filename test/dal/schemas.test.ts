import { InvalidRequestError, sql } from 'offloop'
import { DataAccessLayer } from 'offloop/dal'
import { exportText } from 'offloop/data'
import { Migrations } from 'offloop/migrations'
import { inspect, integer, MetaData, Table } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeDialects, rejectionOf } from '../conformance/targets.ts'
import { Folder } from '../migrations/folder.ts'

describeDialects((fixture) => {
  test('tables of other schemas are known beside those of the default one, under both names', async () => {
    const engine = fixture.engine()
    await using conn = await engine.connect()
    const other = `other_${crypto.randomUUID().slice(0, 8)}`
    const begin = { sqlite: `attach ':memory:' as ${other}`, postgresql: `create schema ${other}`, mysql: `create database ${other}` }
    await conn.execute(begin[conn.dialect.name])
    try {
      await conn.execute('create table here (id integer primary key)')
      await conn.execute(`create table ${other}.there (id integer primary key, twice integer unique)`)
      const dal = await DataAccessLayer.reflect(conn, { schema: other })
      expect([...dal.metadata.tables.keys()]).toEqual(['here', `${other}.there`])
      expect(dal.getUniqueConstraints(`${other}.there`).map(({ columns }) => columns)).toEqual([['twice']])
      expect(() => dal.getTable('there')).toThrow(`No table or view "there" was reflected. Did you mean "${other}.there"?`)
      await conn.execute(dal.getTable(`${other}.there`).insert().values({ id: 1 }))
      expect(await conn.scalar(`select count(*) from ${other}.there`)).toBe(1)

      const some = await DataAccessLayer.reflect(conn, { schema: [other], only: ['there'] })
      expect([...some.metadata.tables.keys()]).toEqual([`${other}.there`])
      const full = await DataAccessLayer.reflect(conn, { schema: [other], only: [`${other}.there`, 'here'] })
      expect([...full.metadata.tables.keys()]).toEqual(['here', `${other}.there`])
      expect(await rejectionOf(DataAccessLayer.reflect(conn, { schema: `${other}x` }))).toBeInstanceOf(InvalidRequestError)
      expect(await rejectionOf(DataAccessLayer.reflect(conn, { schema: other, only: ['where'] }))).toBeInstanceOf(InvalidRequestError)
    } finally {
      const end = { sqlite: `detach ${other}`, postgresql: `drop schema ${other} cascade`, mysql: `drop database ${other}` }
      await conn.execute(end[conn.dialect.name])
    }
  })

  test.skipIf(fixture.target.storage === 'file')(
    'a table of another schema comes behind that of the default one to which it refers',
    async () => {
      const engine = fixture.engine()
      const own = fixture.schemas.own
      const other = `other_${crypto.randomUUID().slice(0, 8)}`
      const isMysql = engine.dialect.name === 'mysql'
      await engine.execute(`create ${isMysql ? 'database' : 'schema'} ${other}`)
      try {
        await engine.execute('create table t (id integer primary key)')
        await engine.execute(`create table ${other}.t (id integer primary key, t integer, foreign key (t) references ${own}.t (id))`)
        await engine.execute(`create table last (id integer primary key, t integer, foreign key (t) references ${other}.t (id))`)
        const metadata = new MetaData()
        for (const schema of [other, undefined]) await metadata.reflect(engine, { schema })
        const migrations = new Migrations(engine, { directory: new Folder().path })
        for (const made of [false, true]) {
          if (made) {
            await metadata.dropAll(engine)
            await metadata.createAll(engine)
          }
          const [referred] = await inspect(engine).foreignKeys('t', other)
          expect([referred?.referredSchema, referred?.referredTable]).toEqual([own, 't'])
          expect((await migrations.autogenerate(metadata, { write: false })).statements).toEqual([])
          const text = await exportText(engine, { format: 'json', tables: ['last', `${other}.t`, 't'] })
          expect(JSON.parse(text)).toMatchObject([{ model: 't' }, { model: `${other}.t` }, { model: 'last' }])
        }
      } finally {
        if (isMysql) await engine.script('drop table if exists last')
        await engine.execute(isMysql ? `drop database ${other}` : `drop schema ${other} cascade`)
      }
    },
  )

  test('tables go into the MetaData that is given, and what is in it stays', async () => {
    const engine = fixture.engine()
    const metadata = new MetaData()
    const mine = new Table('mine', metadata, { id: integer({ primaryKey: true, default: () => 7 }) })
    await metadata.createAll(engine)
    await engine.execute(sql`create table yours (id integer primary key)`)
    const dal = await DataAccessLayer.reflect(engine, { metadata })
    expect(dal.metadata).toBe(metadata)
    expect(dal.getTable('mine')).toBe(mine)
    expect(dal.getTable('yours').columns).toHaveLength(1)
  })
})
