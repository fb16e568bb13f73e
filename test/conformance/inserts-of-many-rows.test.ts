import type { AsyncEngine, AsyncTransaction } from 'offloop'
import { expect, test } from 'vitest'
import { type Insertion, numbers, serverInsertions } from './insertions.ts'
import { describeTargets } from './targets.ts'

const items = 'create table items (id integer primary key, name text, size real)'
const allItems = 'select *, typeof(id), typeof(name), typeof(size) from items order by rowid'
const log = 'create table log (id integer primary key, seen)'

const insertions: readonly Insertion[] = [
  {
    of: 'values of every type',
    tables: items,
    insert: 'insert into items values (?, ?, ?)',
    rows: numbers.map((n) => [n, [n, `text ${n}`, n / 8, null][n % 4] as number, [null, n, n / 3][n % 3] as number]),
    look: allItems,
  },
  {
    of: 'a single column',
    tables: items,
    insert: 'insert into items (name) values (?)',
    rows: numbers.map((n) => [`${n}`]),
    look: allItems,
  },
  {
    of: 'quoted names in a schema that is named',
    tables: 'create table "odd ""table" ("a, b" text, [c] text)',
    insert: 'INSERT INTO main."odd ""table" ("a, b", [c])\n VALUES ( ? ,? ) ;',
    rows: numbers.map((n) => [n, `${n}`]),
    look: 'select *, typeof("a, b") from "odd ""table"',
  },
  {
    of: 'named parameters, one of them twice',
    tables: items,
    insert: 'insert into items (name, id, size) values (:text, :id, :id)',
    rows: numbers.map((n) => ({ id: n, text: `${n}` })),
    look: allItems,
  },
  {
    of: 'numbered parameters out of their order',
    tables: items,
    insert: 'insert into items values (?2, ?1, ?2)',
    rows: numbers.map((n) => [`${n}`, n]),
    look: allItems,
  },
  {
    of: 'rows to ignore',
    tables: items,
    insert: 'insert or ignore into items values (?, ?, ?)',
    rows: numbers.map((n) => [n % 50, `${n}`, null]),
    look: allItems,
  },
  {
    of: 'rows that replace one another',
    tables: items,
    insert: 'replace into items values (?, ?, ?)',
    rows: numbers.map((n) => [n % 5, `${n}`, null]),
    look: allItems,
  },
  {
    of: 'an upsert that counts',
    tables: items,
    insert: 'insert into items values (?, ?, 1) on conflict (id) do update set size = size + 1, name = name || excluded.name',
    rows: numbers.map((n) => [n % 7, `${n},`]),
    look: allItems,
  },
  {
    of: 'an upsert of parameters alone',
    tables: items,
    insert: 'insert into items values (?, ?, ?) on conflict (id) do update set size = size + 1, name = name || excluded.name where id > 1',
    rows: numbers.map((n) => [n % 7, `${n},`, 0]),
    look: allItems,
  },
  {
    of: 'values that are computed from the rows before',
    tables: items,
    insert: 'insert into items values (?, (select count(*) from items), ?)',
    rows: numbers.map((n) => [n, n]),
    look: allItems,
  },
  {
    of: 'a trigger that counts what is there',
    tables: `${items}; ${log}; create trigger look after insert on items begin insert into log (seen) select count(*) from items; end`,
    insert: 'insert into items values (?, ?, ?)',
    rows: numbers.map((n) => [n, `${n}`, n]),
    look: 'select * from log',
  },
  {
    of: 'a view',
    tables: `${items}; ${log}; create view names as select name, size from items;
      create trigger place instead of insert on names begin insert into items (name, size) values (new.name, (select count(*) from items)); end`,
    insert: 'insert into names values (?, ?)',
    rows: numbers.map((n) => [`${n}`, n]),
    look: allItems,
  },
  {
    of: 'a table without row ids, strict, with generated columns and defaults',
    tables: `create table pairs (a text, b integer default 7, c text as (a || '!') stored, primary key (a)) strict, without rowid`,
    insert: 'insert into pairs (a) values (?)',
    rows: numbers.map((n) => [`${n}`]),
    look: 'select * from pairs',
  },
  {
    of: 'numbers that are given out once',
    tables: 'create table tickets (id integer primary key autoincrement, name text unique)',
    insert: 'insert or ignore into tickets (name) values (?)',
    rows: numbers.map((n) => [`${n % 100}`]),
    look: 'select * from tickets',
  },
  {
    of: 'a virtual table',
    tables: 'create virtual table texts using fts5 (body)',
    insert: 'insert into texts values (?)',
    rows: numbers.map((n) => [`word${n % 9} and ${n}`]),
    look: "select rowid, body from texts where texts match 'word3'",
  },
  {
    of: 'children of another table',
    tables:
      'create table parents (id integer primary key); insert into parents values (1); create table children (parent references parents)',
    insert: 'insert into children values (?)',
    rows: numbers.map((n) => [n % 2 === 0 ? 1 : null]),
    look: 'select * from children',
  },
  {
    of: 'a child whose parent comes after it',
    tables: 'create table nodes (id integer primary key, parent references nodes)',
    insert: 'insert into nodes values (?, ?)',
    rows: numbers.map((n) => [n, n === 3 ? 4 : null]),
    look: 'select * from nodes',
    fails: /FOREIGN KEY constraint failed/,
  },
  {
    of: 'a child whose parent, by another key, comes after it',
    tables: 'create table nodes (name text unique, parent text references nodes (name))',
    insert: 'insert into nodes values (?, ?)',
    rows: numbers.map((n) => [`${n}`, n === 3 ? '4' : null]),
    look: 'select * from nodes',
    fails: /FOREIGN KEY constraint failed/,
  },
  {
    of: 'a row that is there twice',
    tables: items,
    insert: 'insert into items values (?, ?, ?)',
    rows: numbers.map((n) => [n === 300 ? 299 : n, 'name', null]),
    look: allItems,
    fails: /UNIQUE constraint failed: items\.id/,
  },
  {
    of: 'a row that breaks a rule',
    tables: 'create table rules (id integer not null, check (id <> 77))',
    insert: 'insert into rules values (?)',
    rows: numbers.map((n) => [n]),
    look: 'select * from rules',
    fails: /CHECK constraint failed/,
  },
]

/** Triggers that note how many rows there are with each that comes. */
const countingTriggers = {
  sqlite: 'create trigger look after insert on notes begin insert into log select count(*) from notes; end',
  mysql: 'create trigger look after insert on notes for each row insert into log select count(*) from notes',
  postgresql: `create function look() returns trigger language plpgsql as
    $$ begin insert into log select count(*) from notes; return new; end $$;
    create trigger look after insert on notes for each row execute function look()`,
} as const

class Undo extends Error {}

/** What becomes of the insertion, in a transaction that is undone, with the tables if they are made in it: the rows changed or the error, and what is then in the database. */
async function outcomeOf(
  engine: AsyncEngine,
  { tables, look }: Pick<Insertion, 'look'> & { readonly tables: string | null },
  insert: (tx: AsyncTransaction) => Promise<number>,
): Promise<{ readonly end: unknown; readonly rows: unknown }> {
  let outcome: { readonly end: unknown; readonly rows: unknown } | undefined
  const work = engine.transaction(async (tx) => {
    if (tables !== null) await tx.script(tables)
    // MySQL counts the rows of its statement.
    const end = await tx.transaction(insert).catch(({ name, message }: Error) => `${name}: ${message.replace(/ at row \d+$/, '')}`)
    outcome = { end, rows: await tx.execute(look).fetchall() }
    throw new Undo()
  })
  await expect(work).rejects.toThrow(Undo)
  return outcome as NonNullable<typeof outcome>
}

describeTargets((db) => {
  const list = db.can.dialect === 'sqlite' ? insertions : serverInsertions[db.can.dialect]

  test.each(list)('executeMany() stores what statement by statement would: $of', async (insertion) => {
    const { insert, rows, fails, tables, look } = insertion
    const engine = db.engine()
    if (!db.can.transactionalDdl) await engine.script(tables)
    const inside = { tables: db.can.transactionalDdl ? tables : null, look }
    const oneByOne = await outcomeOf(engine, inside, async (tx) => {
      let changed = 0
      for (const row of rows) changed += (await tx.execute(insert, row)).rowcount
      return changed
    })
    const together = await outcomeOf(engine, inside, async (tx) => (await tx.executeMany(insert, rows)).rowcount)
    expect(together).toEqual(oneByOne)
    if (fails === undefined) expect(oneByOne.end).toEqual(expect.any(Number))
    else expect(oneByOne.end).toMatch(fails)
  })

  test('executeMany() sees a trigger that was made after it had run', async () => {
    const engine = await db.notes()
    await engine.execute('create table log (seen integer)')
    await using connection = await engine.connect()
    await connection.executeMany(
      db.insert,
      numbers.map((n) => [`${n}`]),
    )
    await connection.script(countingTriggers[db.can.dialect])
    await connection.executeMany(
      db.insert,
      numbers.map((n) => [`${n} again`]),
    )
    const seen = await connection.execute('select min(seen) as first, max(seen) as last, count(distinct seen) as different from log').one()
    expect(seen).toEqual({ first: 334, last: 666, different: 333 })
  })
})
