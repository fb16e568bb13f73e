import { type AsyncEngine, createEngine, DataError } from 'offloop'
import { importData } from 'offloop/data'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rejectionOf } from '../conformance/targets.ts'

let engine: AsyncEngine
beforeEach(async () => {
  engine = createEngine('sqlite://')
  await engine.execute(
    'create table thing (id integer primary key, big bigint, price decimal_text(30, 10), weight real, name text, doc json, bytes blob)',
  )
})
afterEach(() => engine.close())

const load = (source: string) => importData(engine, source, { format: 'yaml' })
const things = (columns: string) => engine.execute(`select ${columns} from thing order by id`, [], { rowMode: 'array' }).fetchall()

test('numbers keep all of their digits, however YAML writes them', async () => {
  await load(`
- model: thing
  data:
    - {id: 0x10, big: 9223372036854775807, price: 12345678901234567890.0123456789, weight: 1e3}
    - {id: 0o17, big: -9223372036854775808, price: +0012.50, weight: -.5}
    - {id: +007, big: 0, price: 5., weight: .inf}
    - {id: -1, weight: 1E-2, doc: [9007199254740993, 0.1234567890123456789, +.5, 1.e2]}
`)
  expect(await things('id, cast(big as text), price, weight, doc')).toEqual([
    [-1, null, null, 0.01, '[9007199254740993,0.1234567890123456789,0.5,100]'],
    [7, '0', '5.0000000000', Number.POSITIVE_INFINITY, null],
    [15, '-9223372036854775808', '12.5000000000', -0.5, null],
    [16, '9223372036854775807', '12345678901234567890.0123456789', 1000, null],
  ])
})

test('what looks like a date, yes or no is a text, and a tag of the core says what a value is', async () => {
  await load(`
- model: thing
  data:
    - {id: 1, name: 2020-01-01}
    - {id: 2, name: yes}
    - {id: 3, name: !!str 007}
    - {id: 4, name: "\\x41\\u00e9\\U0001F600"}
    - {id: 5, bytes: !!binary AP8=, doc: {a: 2020-01-01T00:00:00Z, b: ~, c: no, d: True}}
    - id: 6
      bytes: !!binary |
        AP
        8=
      name: >
        folded
        text

        kept
`)
  expect(await things('name, hex(bytes), doc')).toEqual([
    ['2020-01-01', '', null],
    ['yes', '', null],
    ['007', '', null],
    ['Aé😀', '', null],
    [null, '00FF', '{"a":"2020-01-01T00:00:00Z","b":null,"c":"no","d":true}'],
    ['folded text\nkept\n', '00FF', null],
  ])
})

test('an alias stands for what an earlier row, or table, has an anchor on', async () => {
  const rows = Array.from({ length: 100 }, (_, index) => `    - {<<: *base, id: ${index + 10}}\n`)
  await load(`- model: thing
  data:
    - &base
      id: 1
      name: &name shared
      doc: &list [1, 2]
    - {id: 2, name: *name, doc: {a: *list, b: *list}}
${rows.join('')}- model: thing
  data:
    - {id: 3, name: *name, doc: *list}
    - {<<: [*base, {id: 9, big: 7}], name: own, id: 4}
`)
  expect((await things('id, name, doc, big')).slice(0, 5)).toEqual([
    [1, 'shared', '[1,2]', null],
    [2, 'shared', '{"a":[1,2],"b":[1,2]}', null],
    [3, 'shared', '[1,2]', null],
    [4, 'own', '[1,2]', 7],
    [10, 'shared', '[1,2]', null],
  ])
  expect(await engine.scalar('select count(*) from thing')).toBe(104)
})

test('thousands of rows are read in either order of their table’s name, and named by their lines; in brackets there is an end to it', async () => {
  const rows = Array.from({ length: 3_000 }, (_, id) => `  - id: ${id}\n    name: n${id}\n`)
  for (const text of [`- model: thing\n  data:\n${rows.join('')}`, `- data:\n${rows.join('')}  model: thing\n`]) {
    expect(await load(text)).toEqual({ rowcount: 3_000, tables: { thing: 3_000 } })
    await engine.execute('delete from thing')
    const bad = text.replace('  - id: 2500\n', '  - id: x\n')
    expect((await rejectionOf(load(bad))).message).toMatch(new RegExp(`^Line ${bad.split('\n').indexOf('  - id: x') + 1}: Column thing.id`))
  }
  const inBrackets = (count: number) => `- {model: thing, data: [${Array.from({ length: count }, (_, id) => `{id: ${id}}`).join(', ')}]}`
  expect(await load(inBrackets(500))).toMatchObject({ rowcount: 500 })
  const refusal = await rejectionOf(load(inBrackets(20_000)))
  expect(refusal).toBeInstanceOf(DataError)
  expect(refusal.message).toMatch(/^Line 1, column 1: expected so many rows as a list of blocks/)
})

test('a row may be of megabytes in one line, and the file of several documents', async () => {
  // Gone through with each of its pieces, the line would take minutes.
  const long = 'x'.repeat(30_000_000)
  const lines = Array.from({ length: 20_000 }, (_, index) => `        line ${index}\n`).join('')
  await load(
    `---\n- model: thing\n  data:\n    - id: 1\n      name: ${long}\n    - id: 2\n      name: |\n${lines}    - id: 3\n---\n- model: thing\n  data: [{id: 4}]\n...\n`,
  )
  expect(await things('length(name)')).toEqual([[long.length], [lines.length - 8 * 20_000], [null], [null]])
})
