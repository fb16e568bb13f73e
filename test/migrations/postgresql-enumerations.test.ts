import { type AsyncEngine, raw, sql } from 'offloop'
import { boolean, enumeration, index, inspect, integer, MetaData, Table, text } from 'offloop/schema'
import { expect, test } from 'vitest'
import { targets } from '../conformance/target.ts'
import { describeEach, rejectionOf } from '../conformance/targets.ts'
import { become, open } from './towards-metadata.ts'

const values = ['sad', 'ok', "it's fine"]
const made = `
  create type mood as enum ('sad', 'ok', 'it''s fine');
  create type "My Mood" as enum ('b', 'a');
  create domain moody as mood;
  create table t (id integer primary key, mood mood not null default 'ok', "Mine" "My Mood" unique, moody moody, check (mood <> 'sad' or id > 1));
  create index ix_mood on t (mood desc)`

describeEach(
  targets.filter(({ driver }) => driver === 'pg'),
  (fixture) => {
    const reflect = async (engine: AsyncEngine, schema?: string): Promise<MetaData> => {
      const metadata = new MetaData()
      await metadata.reflect(engine, { schema })
      return metadata
    }

    test('an enumeration of PostgreSQL is reflected with its values in their order, and is made again', async () => {
      const { engine, migrations } = open(fixture)
      await engine.script(made)
      const metadata = await reflect(engine)
      const table = metadata.tables.get('t')
      if (table === undefined) throw new Error('expected a table')
      expect(table.columns.map(({ type }) => ('values' in type ? type.values : type.kind))).toEqual([
        'integer',
        values,
        ['b', 'a'],
        'enumeration',
      ])
      expect((await migrations.autogenerate(metadata)).statements).toEqual([])
      const fill = async () => {
        await engine.execute(table.insert().values({ id: 1, mood: "it's fine", Mine: 'a', moody: 'ok' }))
        await engine.execute(table.insert().values({ id: 2 }))
        expect(await engine.execute(table.select().orderBy('mood')).fetchall()).toEqual([
          { id: 2, mood: 'ok', Mine: null, moody: null },
          { id: 1, mood: "it's fine", Mine: 'a', moody: 'ok' },
        ])
        const misfit = await rejectionOf(engine.execute(table.insert().values({ id: 3, mood: 'bad' })))
        expect(misfit.message).toContain('one of "sad", "ok"')
      }
      await fill()
      await engine.script('drop table t; drop type "My Mood"')
      await become(migrations, metadata)
      await fill()
      expect((await inspect(engine).enums()).map((type) => [type.name, type.values])).toEqual([
        ['My Mood', ['b', 'a']],
        ['mood', values],
      ])
    })

    test('dropAll leaves a type that tables are of which it does not know', async () => {
      const engine = fixture.engine()
      await engine.script(`create type mood as enum ('sad', 'ok'); create table t (mood mood); create table other (moods mood[])`)
      const metadata = new MetaData()
      await metadata.reflect(engine, { only: ['t'] })
      await metadata.dropAll(engine)
      expect([await engine.tableNames(), (await inspect(engine).enums()).map(({ name }) => name)]).toEqual([['other'], ['mood']])
      await engine.script('drop table other')
      await metadata.dropAll(engine)
      expect(await inspect(engine).enums()).toEqual([])
    })

    test('the type of a table in another schema is there, too', async () => {
      const { engine, migrations } = open(fixture)
      const schema = `${fixture.schemas.own}_2`
      await engine.execute(`create schema ${schema}`)
      try {
        const feeling = (list: readonly [string, ...string[]], usual: string) => {
          const metadata = new MetaData({ schema })
          const mood = enumeration(list, { name: 'mood', nullable: false, serverDefault: raw(`'${usual}'`) })
          const columns = {
            id: integer({ primaryKey: true }),
            mood,
            note: text(),
            check: boolean({ check: sql`mood in ('sad', 'ok') or id > 1` }),
          }
          new Table('t', metadata, columns, { indexes: [index('ix', ['mood'], { where: sql`mood <> 'sad'` })] })
          return metadata
        }
        const metadata = feeling(['sad', 'ok'], 'ok')
        await become(migrations, metadata)
        await engine.execute(`insert into ${schema}.t (id) values (1)`)
        const reflected = await reflect(engine, schema)
        expect((await migrations.autogenerate(reflected)).statements).toEqual([])
        await become(migrations, feeling(['sad', 'so so', 'ok'], 'ok'))
        await become(migrations, feeling(['sad', 'so so', 'ok'], 'sad'))
        await engine.execute(`insert into ${schema}.t (id) values (2)`)
        expect(await engine.execute(`select mood from ${schema}.t order by mood`).scalars()).toEqual(['sad', 'ok'])
        await reflected.dropAll(engine)
        expect(await inspect(engine).enums(schema)).toEqual([])
        await metadata.createAll(engine)
        await metadata.dropAll(engine)
        const plain = (usual: string, ...list: readonly [string, ...string[]]) => {
          const others = new MetaData({ schema })
          const mood = enumeration(list, { name: 'mood', serverDefault: raw(`'${usual}'`) })
          new Table('t', others, { id: integer({ primaryKey: true }), mood })
          return others
        }
        await become(migrations, plain('ok', 'ok'))
        await become(migrations, plain('new', 'new', 'ok'))
        const asText = new MetaData({ schema })
        new Table('t', asText, { id: integer({ primaryKey: true }), mood: text() })
        await become(migrations, asText)
        await become(migrations, plain('new', 'new', 'ok'))
      } finally {
        await engine.execute(`drop schema ${schema} cascade`)
      }
    })

    test('a new value is put where it stands in the list', async () => {
      const { engine, migrations } = open(fixture)
      const feeling = (...list: readonly [string, ...string[]]) => {
        const metadata = new MetaData()
        new Table('t', metadata, { id: integer({ primaryKey: true }), mood: enumeration(list, { name: 'mood' }) })
        return metadata
      }
      await become(migrations, feeling('c', 'f'))
      await become(migrations, feeling('a', 'b', 'c', 'd', 'e', 'f', 'g'))
      expect((await inspect(engine).enums()).map((type) => type.values)).toEqual([['a', 'b', 'c', 'd', 'e', 'f', 'g']])
      const withDefault = new MetaData()
      const mood = enumeration(['a', 'a2', 'b', 'c', 'd', 'e', 'f', 'g', 'h'], { name: 'mood', serverDefault: raw(`'a2'`) })
      new Table('t', withDefault, { id: integer({ primaryKey: true }), mood })
      await become(migrations, withDefault)
      expect((await inspect(engine).enums()).map((type) => type.values)).toEqual([['a', 'a2', 'b', 'c', 'd', 'e', 'f', 'g', 'h']])
    })
  },
)
