import { createEngine, sql } from 'offloop'
import {
  bigInteger,
  boolean,
  type ColumnSpecs,
  custom,
  date,
  dateTime,
  enumeration,
  type InferInsert,
  type InferRow,
  integer,
  type JsonValue,
  json,
  MetaData,
  numeric,
  string,
  Table,
  text,
} from 'offloop/schema'
import { describe, expectTypeOf, test } from 'vitest'

const metadata = new MetaData()
const users = new Table('users', metadata, {
  id: integer({ primaryKey: true }),
  name: string(50, { nullable: false }),
  note: text(),
  age: integer({ nullable: false, default: 18 }),
  created: dateTime({ nullable: false, serverDefault: sql`current_timestamp` }),
  born: date(),
  active: boolean({ nullable: false }),
  credit: numeric(10, 2),
  big: bigInteger(),
  mood: enumeration(['good', 'bad'], { nullable: false }),
  settings: json().$type<{ theme: string }>(),
  twice: integer({ generated: { as: sql`age * 2` } }),
})
const pairs = new Table('pairs', metadata, { a: integer({ primaryKey: true }), b: integer({ primaryKey: true }) })
const events = new Table('events', metadata, {
  at: custom(integer(), { encode: (url: URL) => url.href.length, decode: (size) => size > 0 }, { primaryKey: true }),
  link: custom(text(), { encode: (url: URL | string) => String(url), decode: (href) => new URL(href) }, { default: 'https://a.example' }),
})
/** Unlike a type, an interface is not known to have no other properties. */
interface Settings {
  readonly theme: string
  readonly parts: Settings[]
}
interface Row {
  readonly id: number
}
const notes = new Table('notes', metadata, { settings: json({ nullable: false }).$type<Settings>() })
const days = new Table('days', metadata, { day: json().$type<{ at: Date }>() })
const records = new Table('records', metadata, { data: json({ nullable: false }), more: json({ default: {} }) })
const children = new Table('children', metadata, { id: integer({ primaryKey: true, references: 'users.id' }) })

type User = InferRow<typeof users>
type NewUser = InferInsert<typeof users>
const valid: NewUser = { name: 'Ada', active: true, mood: 'good' }

/** Never called: it is there for the compiler, and would throw. */
function misspelledOptions(): void {
  // @ts-expect-error of the reference, and not of the column
  integer({ nullable: false, onDelete: 'cascade' })
  // @ts-expect-error primaryKey
  string(5, { nullable: false, primarykey: true })
  // @ts-expect-error timezone
  dateTime({ nullable: false, timeZone: true })
  // @ts-expect-error unique
  enumeration(['a'], { nullable: false, uniqe: true })
  integer({ references: { column: 'users.id', onDelete: 'cascade' }, nullable: false })
  dateTime({ nullable: false, timezone: true })
}

test('a misspelled option is one that the compiler does not know, beside others, too', () => {
  expectTypeOf(misspelledOptions).returns.toBeVoid()
})

test('custom columns have the types of their functions', () => {
  expectTypeOf<InferRow<typeof events>>().toEqualTypeOf<{ at: boolean; link: URL | null }>()
  expectTypeOf<InferInsert<typeof events>>().toEqualTypeOf<{ at: URL; link?: URL | string | null | undefined }>()
  // @ts-expect-error an integer column stores no text
  custom(integer(), { encode: (url: URL) => url.href, decode: (size) => size > 0 })
})

/** Never called: it is there for the compiler. */
async function statements(): Promise<void> {
  const engine = createEngine('sqlite://')

  const rows = await engine.execute(users.select()).fetchall()
  expectTypeOf(rows).toEqualTypeOf<User[]>()
  const conn = await engine.connect()
  expectTypeOf(await (await conn.execute(users.select(users.c.name.startsWith('D')))).fetchone()).toEqualTypeOf<User | null>()
  for await (const row of engine.stream(users.select())) expectTypeOf(row).toEqualTypeOf<User>()
  expectTypeOf(await engine.execute(users.insert().values(valid).returning('id', 'note')).one()).toEqualTypeOf<{
    id: number
    note: string | null
  }>()
  expectTypeOf(await engine.execute(users.insert().values(valid).returning(['id', 'note'])).one()).toEqualTypeOf<{
    id: number
    note: string | null
  }>()
  expectTypeOf(await engine.execute(users.insert().values(valid).returningAll()).one()).toEqualTypeOf<User>()
  expectTypeOf(await engine.execute<{ n: number }>('select 1 as n').one()).toEqualTypeOf<{ n: number }>()
  expectTypeOf(await engine.execute('select 1 as n').one()).toEqualTypeOf<Record<string, unknown>>()

  users.insert().values({ ...valid, name: sql`upper(${'x'})` })
  users
    .insert()
    .values(valid)
    .onConflict({ target: ['name'], set: { note: sql`excluded.note`, age: 5 } })
  users.update().set({ age: 5 }).where('name', '=', 'x')
  users.select().where(users.c.age.gt(5)).orderBy(users.c.name.desc()).limit(1)

  // @ts-expect-error no such column
  users.c.nmae
  // @ts-expect-error no such column
  users.insert().values({ ...valid, nmae: 'x' })
  // @ts-expect-error name is required
  users.insert().values({ active: true, mood: 'good' })
  // @ts-expect-error a text is no number
  users.insert().values({ ...valid, age: 'old' })
  // @ts-expect-error not one of the values
  users.insert().values({ ...valid, mood: 'awful' })
  // @ts-expect-error name is not nullable
  users.insert().values({ ...valid, name: null })
  // @ts-expect-error a generated column takes no value
  users.insert().values({ ...valid, twice: 2 })
  // @ts-expect-error a date and time is a Date
  users.insert().values({ ...valid, created: '2024-01-01' })
  // @ts-expect-error not the settings
  users.insert().values({ ...valid, settings: { colour: 'red' } })
  // @ts-expect-error both halves of the key are required
  pairs.insert().values({ a: 1 })
  // @ts-expect-error a key that refers to another table is not counted
  children.insert().values({})
  const insert = users.insert().values(valid)
  // @ts-expect-error no such column
  insert.onConflict({ target: ['nmae'] })
  // @ts-expect-error no such column
  users.insert().values(valid).returning('nmae')
  // @ts-expect-error a text is no number
  users.update().set({ age: 'old' })
  // @ts-expect-error no such column
  users.update().set({ nmae: 'x' })
  // @ts-expect-error a generated column takes no value
  users.update().set({ twice: 2 })
  // @ts-expect-error a text is no number
  users.c.age.eq('old')
  // @ts-expect-error no such column
  users.select().where('nmae', '=', 'x')
  // @ts-expect-error a text is no number
  users.select().where('age', '=', 'old')
  // @ts-expect-error a text does not hold a number
  users.c.name.contains(5)
  // @ts-expect-error an unknown option
  integer({ primarykey: true })
  // @ts-expect-error the default is no number
  integer({ default: 'x' })
  // @ts-expect-error no action of SQL
  integer({ references: { column: 'users.id', onDelete: 'explode' } })
}

/** Never called. */
async function documentsOfInterfaces(stored: Settings, list: readonly Settings[]): Promise<void> {
  const engine = createEngine('sqlite://')
  const initial: InferInsert<typeof records> = { data: stored, more: list }
  await engine.execute(records.insert().values(initial))
  await engine.execute(records.insert().values([{ data: stored }, { data: { parts: list, best: stored } }]))
  await engine.execute(
    records
      .insert()
      .values({ data: [stored, 'none', null] })
      .onConflict({ target: ['data'], set: { more: stored } }),
  )
  await engine.execute(records.update().set({ data: stored, more: list }))
  records.select(records.c.data.eq(stored)).where(records.c.more.contains(stored))
  records.select(records.c.data.path('parts', 0).eq(stored)).where(records.c.data.in([stored]))
  json({ default: stored })
  expectTypeOf((await engine.execute(records.select()).one()).data).toEqualTypeOf<JsonValue>()

  // @ts-expect-error a moment would come back as a text
  records.insert().values({ data: new Date() })
  // @ts-expect-error a map would come back empty
  records.insert().values({ data: new Map([['theme', 'dark']]) })
  // @ts-expect-error nothing would come back of a function
  records.insert().values({ data: () => stored })
  // @ts-expect-error an URL would come back as a text
  records.insert().values({ data: new URL('https://a.example') })
  // @ts-expect-error no number of JSON
  records.update().set({ data: 1n })
  // @ts-expect-error a moment inside of it would come back as a text
  records.insert().values({ data: { parts: list, at: new Date() } })
  // @ts-expect-error no number of JSON
  records.update().set({ data: { parts: [{ size: 1n }] } })
  // @ts-expect-error one of them would come back as a text
  records.insert().values({ data: [stored, new Date()] })
  // @ts-expect-error a column is no document
  records.c.data.contains(records.c.more)
}

/** Never called. */
async function rowsOfUnknownTables(row: Row, rows: readonly Row[], records: readonly object[]): Promise<void> {
  const engine = createEngine('sqlite://')
  const known = new MetaData()
  await known.reflect(engine)
  const table: Table = known.tables.get('users') ?? users
  await engine.execute(table.insert().values(row))
  await engine.execute(
    table
      .insert()
      .values(rows)
      .onConflict({ target: ['id'], set: row }),
  )
  await engine.execute(table.insert().values([row, { id: sql`1 + 1` }]))
  for (const record of records) await engine.execute(table.insert().values(record))
  expectTypeOf(await engine.execute(table.insert().values(row).returning('id')).one()).toEqualTypeOf<{ id: unknown }>()

  // @ts-expect-error no row
  table.insert().values('id')
  // @ts-expect-error no row
  table.insert().values(new Date())
  // @ts-expect-error no rows
  table.insert().values(['id'])
  const insert = users.insert().values(valid)
  // @ts-expect-error a table whose columns are known has no such column
  insert.onConflict({ target: ['id'], set: { nmae: 'x' } })
  // @ts-expect-error a text is no number
  insert.onConflict({ target: ['id'], set: { age: 'old' } })
}

/** Never called: tables of any columns, as a program's own functions take them. */
async function insertInto<C extends ColumnSpecs>(table: Table<string, C>, row: InferInsert<Table<string, C>>): Promise<void> {
  await createEngine('sqlite://').execute(table.insert().values(row))
}

/** Never called. */
async function shapesOfInterfaces(): Promise<void> {
  const engine = createEngine('sqlite://')

  const stored: Settings = { theme: 'dark', parts: [] }
  await engine.execute(notes.insert().values({ settings: stored }))
  await engine.execute(notes.update().set({ settings: stored }))
  expectTypeOf((await engine.execute(notes.select()).one()).settings).toEqualTypeOf<Settings>()
  json().$type<readonly string[] | 'none'>()
  // @ts-expect-error a moment would come back as a text
  days.insert().values({ day: { at: new Date() } })
  // @ts-expect-error no number of JSON
  json().$type<bigint>()
  // @ts-expect-error a text is no number
  text().$type<number>()

  const row: Row = { id: 1 }
  await engine.executeMany(children.insert(), [row])
  await engine.executeMany('insert into known values (:id)', [row])
  await engine.scalar('select :id', row)
  // @ts-expect-error no values by name
  await engine.scalar('select :id', new Map([['id', 1]]))
  // @ts-expect-error no values by name
  await engine.scalar('select :id', new Date())
  // @ts-expect-error no values by name
  await engine.scalar('select :id', () => row)
  // @ts-expect-error no values
  await engine.scalar('select :id', 'id')
}

describe('types', () => {
  test('of rows', () => {
    expectTypeOf<User>().toEqualTypeOf<{
      id: number
      name: string
      note: string | null
      age: number
      created: Date
      born: string | null
      active: boolean
      credit: string | null
      big: bigint | null
      mood: 'good' | 'bad'
      settings: { theme: string } | null
      twice: number | null
    }>()
  })

  test('of what is inserted', () => {
    expectTypeOf<NewUser>().toEqualTypeOf<{
      id?: number | undefined
      name: string
      note?: string | null | undefined
      age?: number | undefined
      created?: Date | undefined
      born?: string | Date | null | undefined
      active: boolean
      credit?: string | number | bigint | null | undefined
      big?: bigint | number | null | undefined
      mood: 'good' | 'bad'
      settings?: { theme: string } | null | undefined
    }>()
    expectTypeOf<InferInsert<typeof pairs>>().toEqualTypeOf<{ a: number; b: number }>()
    expectTypeOf<InferInsert<typeof children>>().toEqualTypeOf<{ id: number }>()
  })

  test('of statements', () => {
    expectTypeOf(statements).returns.resolves.toBeVoid()
    expectTypeOf(documentsOfInterfaces).returns.resolves.toBeVoid()
    expectTypeOf(rowsOfUnknownTables).returns.resolves.toBeVoid()
    expectTypeOf(insertInto).returns.resolves.toBeVoid()
    expectTypeOf(shapesOfInterfaces).returns.resolves.toBeVoid()
  })
})
