import { type AsyncEngine, createEngine, DataError, IntegrityError, InvalidRequestError } from 'offloop'
import { type DataSource, type FileFormat, importData } from 'offloop/data'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random, seed } from '../soak/random.ts'
import { tableOption } from './table-option.ts'

const files: Readonly<Record<FileFormat, string>> = {
  csv: 'id,name,boss,extra\r\n1,"a ""b""\r\nc",,"{""k"": [1, null]}"\r\n2,é😀,1,\r\n3,"",2,"""x"""\r\n',
  jsonl:
    '{"id": 1, "name": "a \\"b\\"", "extra": {"k": [1, null, "\\ud83d\\ude00"]}}\n{"id": 2, "name": "é😀", "boss": 3}\n{"boss": 1, "id": 3, "extra": -1.5e3}\n',
  json: '[\n  {"model": "person", "data": [\n    {"id": 1, "name": "a \\"b\\"", "extra": {"k": [1, null]}},\n    {"id": 2, "name": "é😀", "boss": 3}\n  ]},\n  {"data": [{"boss": 1, "id": 3}], "model": "person"}\n]\n',
  yaml: "# people\n- model: person\n  data:\n    - &a {id: 1, name: 'it''s', extra: {k: [1, ~]}}\n    - <<: *a\n      id: 2\n      name: |-\n        two\n\n        lines\n      boss: 3\n    - id: 3\n      name: \"é😀 \\u0041\\\n        b\"\n- {model: person, data: [{id: 4, name: !!str 5}]}\n",
}
const marks = [...'"\'\\,:;{}[]()-?&*!|>%@`#~<= \t\r\n\0\u00e9x0159.eE+_'].map((mark) => Buffer.from(mark))
const oddBytes = [
  Buffer.from([0xff]),
  Buffer.from([0xe2, 0x82]),
  Buffer.from('\uFEFF'),
  Buffer.from('\u2028'),
  Buffer.from('null'),
  Buffer.from('1e999'),
]
const mutations = 60

let engine: AsyncEngine
beforeAll(async () => {
  engine = createEngine('sqlite://')
  await engine.execute(
    'create table person (id integer primary key, name varchar(20) unique, boss integer references person (id), extra json)',
  )
})
afterAll(() => engine.close())

function damage(text: Buffer, random: Random): Buffer {
  const at = random.below(text.length + 1)
  const to = Math.min(text.length, at + random.pick([0, 1, 1, 2, 7]))
  const inserted = random.pick([
    Buffer.alloc(0),
    random.pick(marks),
    random.pick(marks),
    random.pick(oddBytes),
    text.subarray(at, at + random.below(20)),
  ])
  const changed = Buffer.concat([text.subarray(0, at), inserted, text.subarray(to)])
  const again = random.below(4)
  return again === 0 ? changed.subarray(0, random.below(changed.length + 1)) : again === 1 ? damage(changed, random) : changed
}

async function* inPieces(text: Buffer, random: Random): AsyncGenerator<Buffer> {
  for (let from = 0; from < text.length; ) {
    const to = from + 1 + random.below(9)
    yield text.subarray(from, to)
    from = to
  }
}

/** What comes of an import: the rows that it has left, or how it was refused. */
async function outcomeOf(format: FileFormat, source: DataSource): Promise<unknown> {
  const table = tableOption(format, 'person')
  try {
    await importData(engine, source, { format, ...table })
    const rows = await engine.execute('select * from person order by id').fetchall()
    await engine.execute('delete from person')
    return rows
  } catch (error) {
    expect(await engine.scalar('select count(*) from person')).toBe(0)
    return error
  }
}

test.for(Object.keys(files) as FileFormat[])(
  'whatever is wrong in %s, it is refused by its line, or read the same in any pieces',
  async (format) => {
    const random = new Random(seed)
    const sound = Buffer.from(files[format])
    expect(await outcomeOf(format, sound)).toBeInstanceOf(Array)
    let refused = 0
    for (let count = 0; count < mutations; count += 1) {
      const text = damage(sound, random)
      const hint = `SEED=${seed}, ${format} ${count}: ${JSON.stringify(text.toString())}`
      const outcome = await outcomeOf(format, text)
      expect(await outcomeOf(format, inPieces(text, random)), hint).toEqual(outcome)
      if (!(outcome instanceof Error)) continue
      refused += 1
      expect([DataError, IntegrityError, InvalidRequestError], `${hint}\n${outcome.stack}`).toContain(outcome.constructor)
      expect(outcome.message, hint).toMatch(/^Line [1-9]\d*(?:, (?:column|field) .+)?: /s)
    }
    expect(refused).toBeGreaterThan(mutations / 4)
  },
)
