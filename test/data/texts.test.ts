import { createEngine } from 'offloop'
import { exportText, importData } from 'offloop/data'
import { expect, test } from 'vitest'
import { Random, seed } from '../soak/random.ts'
import { tableOption } from './table-option.ts'

/** What some format gives a meaning. */
const parts = [
  ...['a', 'null', 'yes', '1', '.', '-', ':', '#', ' ', '\n', '\r', '\t', '"', "'"],
  ...['\\', '{', '[', ',', '&', '*', '!', '|', '>', '%', '@', '`', '?', '~'],
  ...['<<', '=', '\0', '\u0085', '\u2028', '\uFEFF', '\u007f', '😀', 'é', '0x1', '1e3', '---', '...'],
]

test('whatever the texts are, what was written is read as it was', async () => {
  await using engine = createEngine('sqlite://')
  await engine.execute('create table thing (id integer primary key, name text, doc json)')
  const random = new Random(seed)
  const texts = Array.from({ length: 400 }, () => Array.from({ length: random.below(5) }, () => random.pick(parts)).join(''))
  await engine.executeMany(
    'insert into thing (id, name, doc) values (?, ?, ?)',
    texts.map((text, id) => [id, text, JSON.stringify({ [text]: [text] })]),
  )
  for (const format of ['yaml', 'json', 'csv', 'jsonl'] as const) {
    const data = await exportText(engine, { format, table: 'thing' })
    await engine.execute('delete from thing')
    await importData(engine, data, { format, ...tableOption(format, 'thing') })
    const stored = await engine.execute<{ name: string; doc: string }>('select name, doc from thing order by id').fetchall()
    expect(
      stored.map(({ name }) => name),
      `SEED=${seed} ${format}`,
    ).toEqual(texts)
    expect(
      stored.map(({ doc }) => JSON.parse(doc)),
      `SEED=${seed} ${format}`,
    ).toEqual(texts.map((text) => ({ [text]: [text] })))
  }
})
