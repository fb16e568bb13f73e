import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type AsyncEngine, type Executor, IntegrityError } from 'offloop'
import { exportText, importData } from 'offloop/data'
import { foreignKeyConstraint, integer, MetaData, string, Table } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeDialects, rejectionOf } from '../conformance/targets.ts'

/** Artists, their albums, and people who have a boss each. */
async function createTables(engine: AsyncEngine) {
  const metadata = new MetaData()
  const artist = new Table('artist', metadata, { id: integer({ primaryKey: true }), name: string(50, { nullable: false }) })
  const album = new Table('album', metadata, {
    id: integer({ primaryKey: true }),
    artist_id: integer({ nullable: false, references: 'artist.id' }),
    title: string(50),
  })
  const person = new Table('person', metadata, {
    id: integer({ primaryKey: true }),
    boss_id: integer({ references: 'person.id' }),
    name: string(50),
  })
  await metadata.createAll(engine)
  return { metadata, artist, album, person }
}

/** Each has a captain, who belongs to it; the captain's column may be NULL, or not. */
async function createTeams(engine: AsyncEngine, { strict }: { readonly strict: boolean }) {
  const metadata = new MetaData()
  const deferrable = engine.dialect.name === 'mysql' ? {} : { deferrable: true }
  const team = new Table(
    'team',
    metadata,
    { id: integer({ primaryKey: true }), captain_id: integer({ nullable: !strict }) },
    { constraints: [foreignKeyConstraint(['captain_id'], 'player', ['id'], { name: 'team_captain', ...deferrable })] },
  )
  const player = new Table(
    'player',
    metadata,
    { id: integer({ primaryKey: true }), team_id: integer({ nullable: false }) },
    { constraints: [foreignKeyConstraint(['team_id'], 'team', ['id'], { name: 'player_team', ...deferrable })] },
  )
  await metadata.createAll(engine)
  return { team, player }
}

describeDialects((fixture) => {
  const rowsOf = (engine: AsyncEngine, table: Table) => engine.execute(table.select().orderBy('id')).fetchall()

  test('tables may stand before those that they refer to', async () => {
    const engine = fixture.engine()
    const { artist, album } = await createTables(engine)
    const albums = Array.from({ length: 2_500 }, (_, id) => ({ id, artist_id: id % 50, title: `t${id}` }))
    const artists = Array.from({ length: 50 }, (_, id) => ({ id: 49 - id, name: `a${id}` }))
    const file = [
      { model: 'album', data: albums },
      { model: 'artist', data: artists.slice(0, 20) },
      { data: artists.slice(20), model: 'artist' },
    ]
    const seen: number[] = []
    const onProgress = ({ rows }: { readonly rows: number }): void => void seen.push(rows)
    const result = await importData(engine, JSON.stringify(file), { format: 'json', onProgress })
    expect(result).toEqual({ rowcount: 2_550, tables: { album: 2_500, artist: 50 } })
    expect(seen.at(-1)).toBe(2_550)
    expect(await rowsOf(engine, album)).toEqual(albums)
    expect(await rowsOf(engine, artist)).toHaveLength(50)
  })

  test('rows may stand before rows of their own table that they refer to, and may refer to themselves', async () => {
    const engine = fixture.engine()
    const { person } = await createTables(engine)
    const people = Array.from({ length: 1_200 }, (_, index) => ({
      id: index + 1,
      boss_id: index === 1_199 ? 1_200 : index + 2,
      name: null,
    }))
    const csv = ['id,boss_id', ...people.map(({ id, boss_id }) => `${id},${boss_id}`)].join('\n')
    expect(await importData(engine, csv, { format: 'csv', table: 'person' })).toEqual({ rowcount: 1_200, tables: { person: 1_200 } })
    expect(await rowsOf(engine, person)).toEqual(people)
  })

  test('rows that refer to each other are stored where one of their columns may be NULL for a while', async () => {
    const engine = fixture.engine()
    const { person } = await createTables(engine)
    const { team, player } = await createTeams(engine, { strict: false })
    const yaml = `
      - model: person
        data:
          - {id: 1, boss_id: 2, name: a}
          - {id: 2, boss_id: 3}
          - {id: 3, boss_id: 1}
          - {id: 4, boss_id: 1, name: b}
      - model: player
        data: [{id: 1, team_id: 1}, {id: 2, team_id: 1}]
      - model: team
        data: [{id: 1, captain_id: 2}]
    `
    expect((await importData(engine, yaml, { format: 'yaml' })).rowcount).toBe(7)
    expect((await rowsOf(engine, person)).map((row) => row['boss_id'])).toEqual([2, 3, 1, 1])
    expect(await rowsOf(engine, team)).toEqual([{ id: 1, captain_id: 2 }])
    expect(await rowsOf(engine, player)).toHaveLength(2)
    for (const format of ['yaml', 'json'] as const) {
      const tables = ['team', 'player', 'person']
      const text = await exportText(engine, { format, tables })
      await engine.transaction(async (tx) => {
        await tx.execute('update team set captain_id = null')
        await tx.execute('update person set boss_id = null')
        for (const table of ['player', 'team', 'person']) await tx.execute(`delete from ${table}`)
      })
      await importData(engine, text, { format })
      expect(await exportText(engine, { format, tables })).toBe(text)
    }
  })

  test('where neither may be NULL, the constraint must be one that can wait', async () => {
    const engine = fixture.engine()
    const { team } = await createTeams(engine, { strict: true })
    const json = `[{"model": "player", "data": [\n{"id": 1, "team_id": 1}]},\n{"model": "team", "data": [{"id": 1, "captain_id": 1}]}]`
    const stray = json.replace('"captain_id": 1', '"captain_id": 9')
    const refusal = await rejectionOf(importData(engine, stray, { format: 'json' }))
    expect(refusal).toBeInstanceOf(IntegrityError)
    expect(refusal.message).toMatch(/^Line [23][,:]/)
    expect(await rowsOf(engine, team)).toEqual([])
    if (engine.dialect.name === 'mysql')
      expect(await rejectionOf(importData(engine, json, { format: 'json' }))).toBeInstanceOf(IntegrityError)
    else expect(await importData(engine, json, { format: 'json' })).toEqual({ rowcount: 2, tables: { player: 1, team: 1 } })
  })

  if (fixture.target.driver !== 'mysql2') {
    test('what a circle of rows leaves to the end is its own, and only until then', async () => {
      const engine = fixture.engine()
      const { artist } = await createTables(engine)
      const { embedded } = engine.dialect
      const later = embedded ? '' : 'deferrable'
      await engine.script(`
        create table left_one (id int primary key, other int not null ${embedded ? 'references right_one' : ''}, artist_id int references artist);
        create table right_one (id int primary key, other int not null references left_one ${later});
        create table note (id int primary key, artist_id int references artist ${later})`)
      if (!embedded) await engine.execute('alter table left_one add foreign key (other) references right_one deferrable')
      const deferred = embedded ? 'pragma defer_foreign_keys = on' : 'set constraints note_artist_id_fkey deferred'
      const circle = (id: number, artistId: number | null) =>
        JSON.stringify([
          { model: 'left_one', data: [{ id, other: id, artist_id: artistId }] },
          { model: 'right_one', data: [{ id, other: id }] },
        ])
      const withNote = (id: number, after: (tx: Executor) => Promise<unknown>) =>
        engine.transaction(async (tx) => {
          await tx.execute(deferred)
          await tx.execute(`insert into note (id, artist_id) values (${id}, 99)`)
          await importData(tx, circle(id, null), { format: 'json' })
          await after(tx)
        })
      expect(await rejectionOf(withNote(1, async () => {}))).toBeInstanceOf(IntegrityError)
      await withNote(2, (tx) => tx.execute(artist.insert().values({ id: 99, name: 'late' })))
      await engine.transaction(async (tx) => {
        expect(await rejectionOf(importData(tx, circle(3, 77), { format: 'json' }))).toBeInstanceOf(IntegrityError)
        const insertStray = () => tx.transaction((inner) => inner.execute('insert into right_one (id, other) values (5, 77)'))
        expect(await rejectionOf(insertStray())).toBeInstanceOf(IntegrityError)
        await importData(tx, circle(4, 99), { format: 'json' })
        expect(await rejectionOf(insertStray())).toBeInstanceOf(IntegrityError)
      })
      expect(await engine.execute('select id from left_one order by id').scalars()).toEqual([2, 4])
    })
  }

  test('keys of bytes are told apart, whatever their bytes are', async () => {
    const engine = fixture.engine()
    const type = { sqlite: 'blob', postgresql: 'bytea', mysql: 'varbinary(4)' }[engine.dialect.name]
    await engine.execute(`create table node (id ${type} primary key, up ${type} not null, foreign key (up) references node (id))`)
    const row = (id: number, up: number) => ({ id: Buffer.of(id).toString('base64'), up: Buffer.of(up).toString('base64') })
    // Neither 0xfe nor 0xff is a character.
    const data = [row(0xfe, 0x01), row(0x01, 0xff), row(0xff, 0xff)]
    expect(await importData(engine, JSON.stringify([{ model: 'node', data }]), { format: 'json' })).toMatchObject({ rowcount: 3 })
  })

  test('a chain of rows in the wrong order takes no statement for each', async () => {
    const engine = fixture.engine()
    const { person } = await createTables(engine)
    const count = 400
    const lines = Array.from({ length: count }, (_, index) => `${index + 1},${index === count - 1 ? '' : index + 2}\n`)
    let statements = 0
    const note = (): void => void statements++
    subscribe('tracing:offloop:query:start', note)
    try {
      await importData(engine, `id,boss_id\n${lines.join('')}`, { format: 'csv', table: 'person' })
    } finally {
      unsubscribe('tracing:offloop:query:start', note)
    }
    expect(await rowsOf(engine, person)).toHaveLength(count)
    expect(statements).toBeLessThan(100)
  })

  test.for([
    [
      'json',
      '[{"model": "album", "data": [\n{"id": 1, "artist_id": 1},\n{"id": 2, "artist_id": 7}\n]},\n{"model": "artist", "data": [{"id": 1, "name": "a"}]}]',
    ],
    ['yaml', '- model: album\n  data:\n  - {id: 2, artist_id: 7}\n'],
    ['csv', 'id,artist_id\n\n2,7\n'],
  ] as const)('in %s a row that refers to nothing is named by its line, and nothing is stored', async ([format, source]) => {
    const engine = fixture.engine()
    const { album } = await createTables(engine)
    const refusal = await rejectionOf(importData(engine, source, { format, ...(format === 'csv' ? { table: 'album' } : {}) }))
    expect(refusal).toBeInstanceOf(IntegrityError)
    expect(refusal.message).toMatch(/^Line 3[,:] /)
    expect(await rowsOf(engine, album)).toEqual([])
  })
})
