import type { AsyncConnection } from 'offloop'
import { integer, MetaData, string, Table } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeDatabases } from '../conformance/targets.ts'

describeDatabases((fixture) => {
  /** A connection that sees another schema, and the name of that: SQLite's temporary tables are in one. */
  async function withSchema(work: (conn: AsyncConnection, schema: string) => Promise<void>): Promise<void> {
    const engine = fixture.engine()
    await using conn = await engine.connect()
    const { name } = engine.dialect
    if (name === 'sqlite') return await work(conn, 'temp')
    const schema = `${fixture.schemas.own}_2`
    await conn.execute(`create schema ${schema}`)
    try {
      await work(conn, schema)
    } finally {
      await conn.execute(`drop schema ${schema}${name === 'postgresql' ? ' cascade' : ''}`)
    }
  }

  test('tables of another schema are created, used, reflected and dropped there', async () => {
    await withSchema(async (conn, schema) => {
      const metadata = new MetaData({ schema })
      const albums = new Table('albums', metadata, { id: integer({ primaryKey: true }), name: string(20, { index: true, unique: true }) })
      const tracks = new Table('tracks', metadata, { id: integer({ primaryKey: true }), album: integer({ references: 'albums.id' }) })
      expect([...metadata.tables.keys()]).toEqual([`${schema}.albums`, `${schema}.tracks`])
      await metadata.createAll(conn)
      await conn.execute(albums.insert().values({ name: 'a' }))
      await conn.execute(tracks.insert().values({ album: 1 }))
      await conn.execute(tracks.update().set({ album: null }).where('id', '=', 1))
      expect(await conn.execute(tracks.select(tracks.c.album.eq(null))).fetchall()).toEqual([{ id: 1, album: null }])
      const reflected = new MetaData()
      await reflected.reflect(conn, { schema })
      expect([...reflected.tables.keys()].sort()).toEqual([`${schema}.albums`, `${schema}.tracks`])
      expect(reflected.tables.get(`${schema}.albums`)?.indexes.map(({ name }) => name)).toContain('ix_albums_name')
      await reflected.dropAll(conn)
      await metadata.createAll(conn)
      expect(
        await conn
          .execute(tracks.delete())
          .fetchall()
          .catch(() => 'deleted'),
      ).toBe('deleted')
      await metadata.dropAll(conn)
      const again = new MetaData()
      await again.reflect(conn, { schema })
      expect(again.tables.size).toBe(0)
    })
  })

  test('one MetaData holds tables of one name in two schemas', async () => {
    await withSchema(async (conn, schema) => {
      const metadata = new MetaData()
      const here = new Table('t', metadata, { id: integer({ primaryKey: true }) })
      const there = new Table('t', metadata, { id: integer({ primaryKey: true }), n: integer() }, { schema })
      if (conn.dialect.name === 'sqlite') {
        // A temporary table hides the one of the same name: here it is asked for by its schema.
        await metadata.createAll(conn, { tables: [there] })
        await conn.execute(there.insert().values({ n: 1 }))
        expect(await conn.execute(there.select()).fetchall()).toEqual([{ id: 1, n: 1 }])
        await metadata.dropAll(conn, { tables: [there] })
        return
      }
      await metadata.createAll(conn)
      await conn.execute(here.insert().values({ id: 7 }))
      await conn.execute(there.insert().values({ n: 1 }))
      expect(await conn.execute(here.select()).fetchall()).toEqual([{ id: 7 }])
      expect(await conn.execute(there.select()).fetchall()).toEqual([{ id: 1, n: 1 }])
      await metadata.dropAll(conn)
    })
  })
})
