import { createTable, dropTable, integer, MetaData, Table, text } from 'offloop/schema'
import { expect, test } from 'vitest'
import { describeDatabases } from '../conformance/targets.ts'

const pieces = [
  '"',
  '`',
  "'",
  ';',
  '--',
  '/*',
  '*/',
  '\\',
  ' ',
  '\n',
  '\t',
  '.',
  '%',
  '$1',
  '?',
  ':a',
  '[',
  ']',
  '(',
  ')',
  '😀',
  'é',
  'drop table sentinel',
  '\u202e',
  '\ud800',
  '\0',
  'select',
  'as',
  'x',
]
const hostile = [
  ...[
    'users; drop table sentinel',
    '"; drop table sentinel; --',
    "x' or '1'='1",
    'a as b',
    'main.sentinel',
    'sentinel"."x',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
  ],
  ...[
    'select',
    'table',
    'group',
    'order',
    'where',
    'null',
    'default',
    'user',
    'rowid',
    'oid',
    '1',
    '1e5',
    '-1',
    '*',
    '%s',
    '{table}',
    '{columns}',
    'a'.repeat(63),
    'a'.repeat(64),
    'a'.repeat(300),
    'é'.repeat(40),
  ],
]

/** Names that somebody may mean ill with, always the same. */
function names(count: number): readonly string[] {
  const made = new Set(hostile)
  for (let state = 7; made.size < count; state = (state * 1_103_515_245 + 12_345) % 2 ** 31) {
    const length = 1 + ((state >> 3) % 5)
    let name = ''
    for (let index = 0; index < length; index += 1) name += pieces[(state >> (index * 5)) % pieces.length]
    made.add(name)
  }
  return [...made]
}

describeDatabases((fixture) => {
  test('500 hostile names are exact or refused, and leave a bystander alone', { timeout: 120_000 }, async () => {
    const engine = fixture.engine()
    await engine.script('create table sentinel (id integer); insert into sentinel values (1)')
    let exact = 0
    for (const name of names(500)) {
      const outcome = await useName(name)
      if (outcome === 'exact') exact += 1
      else expect(outcome, JSON.stringify(name)).toBeInstanceOf(Error)
      expect(await engine.scalar('select count(*) from sentinel'), JSON.stringify(name)).toBe(1)
      expect(await engine.tableNames(), JSON.stringify(name)).toEqual(['sentinel'])
    }
    expect(exact).toBeGreaterThan(200)

    async function useName(name: string): Promise<'exact' | Error> {
      const metadata = new MetaData()
      let created = false
      try {
        const table = new Table(name, metadata, { id: integer({ primaryKey: true }), [name]: text(), other: text({ unique: false }) })
        await engine.execute(createTable(table))
        created = true
        await engine.execute(table.insert().values({ id: 1, [name]: name.replaceAll('\0', '') }))
        await engine.execute(
          table
            .update()
            .set({ other: 'o' } as never)
            .where(table.column('id').eq(1)),
        )
        const rows = await engine.execute(table.select(table.column(name).eq(name))).fetchall()
        // Names that are whole numbers come first in an object, whatever their place.
        expect(rows.map((row) => Object.entries(row).sort())).toEqual([
          [
            ['id', 1],
            [name, name],
            ['other', 'o'],
          ].sort(),
        ])
        const reflected = new MetaData()
        await reflected.reflect(engine, { only: [name] })
        expect([...reflected.tables.keys()]).toEqual([name])
        expect(
          reflected.tables
            .get(name)
            ?.columns.map((found) => found.name)
            .sort(),
        ).toEqual(['id', name, 'other'].sort())
        await engine.execute(dropTable(table))
        return 'exact'
      } catch (error) {
        // Created, it must be usable: what fails then is no refusal.
        if (created || !(error instanceof Error)) throw new Error(`${JSON.stringify(name)} was created and then failed`, { cause: error })
        return error
      }
    }
  })
})
