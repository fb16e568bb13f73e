import type { DataSource, FileFormat } from 'offloop/data'

/** A file that is refused, and how the refusal begins: it names the line, and where in it. */
export interface BadFile {
  readonly title: string
  readonly format: FileFormat
  readonly source: DataSource
  readonly message: RegExp
  /** The databases that refuse it. Default: all. */
  readonly on?: readonly string[]
}

const bomb = [
  '- model: person',
  '  data:',
  '    - {id: 2, name: a, extra: &a [x, x, x, x, x, x, x, x, x, x]}',
  ...Array.from({ length: 12 }, (_, level) => {
    const from = String.fromCharCode(97 + level)
    const to = String.fromCharCode(98 + level)
    return `    - {id: ${level + 3}, name: n${level}, extra: &${to} [${Array(10).fill(`*${from}`).join(', ')}]}`
  }),
].join('\n')

function csv(title: string, source: string | Uint8Array, message: RegExp, on?: readonly string[]): BadFile {
  return { title, format: 'csv', source, message, ...(on === undefined ? {} : { on }) }
}

function jsonl(title: string, source: string, message: RegExp, on?: readonly string[]): BadFile {
  return { title, format: 'jsonl', source, message, ...(on === undefined ? {} : { on }) }
}

function json(title: string, source: string, message: RegExp): BadFile {
  return { title, format: 'json', source, message }
}

function yaml(title: string, source: string, message: RegExp): BadFile {
  return { title, format: 'yaml', source, message }
}

/** SQLite holds numbers of 64 bits in any column, and knows of no length and no scale: an import takes what it would. */
const servers = ['postgresql', 'mysql']

/** Each begins with rows that are fine, as far as there is room for them. */
export const badFiles: readonly BadFile[] = [
  csv('nothing', '', /^Line 1: expected the names of columns, found nothing/),
  csv('a byte order mark alone', '\uFEFF', /^Line 1: expected the names of columns, found nothing/),
  csv('a name twice', 'id,name,id\n2,b,3\n', /^Line 1, field 3: column "id" is there already/),
  csv('an empty name', 'id,,name\n', /^Line 1, field 2: expected the name of a column/),
  csv('an unknown column', 'id,nane\n2,b\n', /^Line 1, column "nane": table "person" has no such column\. Did you mean "name"\?/),
  csv('a short line', 'id,name\n2,b\n3\n', /^Line 3, column "name": expected 2 fields, found 1/),
  csv('a long line', 'id,name\r\n2,b\r\n3,c,d\r\n', /^Line 3, field 3: expected 2 fields, found 3/),
  csv('a quote that is not closed', 'id,name\n2,b\n3,"c\n4,d\n', /^Line 3, field 2: found the end of the file inside of quotes/),
  csv('something behind a quote', 'id,name\n2,"b"x\n', /^Line 2, field 2: expected a comma/),
  csv('a quote in the middle', 'id,name\n2,b\n3,c"c\n', /^Line 3, field 2: found a quote inside a field/),
  csv('bytes that are no UTF-8', Buffer.from('id,name\n2,b\n3,\xe9t\xe9\n', 'latin1'), /^Line 3, column 3: expected UTF-8/),
  csv('UTF-16', Buffer.from('\uFEFFid,name\n2,b\n', 'utf16le'), /^Line 1, column 1: expected UTF-8/),
  csv('an early end in a character', Buffer.from([...Buffer.from('id,name\n2,b\n3,'), 0xe2, 0x82]), /^Line 3, column 3: expected UTF-8/),
  csv('a word for a number', 'id,name\n2,b\nthree,c\n', /^Line 3: Column person\.id: expected a whole number/),
  csv('a number beyond 2^53', 'id,name\n9007199254740993,b\n', /^Line 2: Column person\.id: expected a whole number/, servers),
  csv('a whole number beyond 64 bits', 'id,name\n9223372036854775808,b\n', /^Line 2: Column person\.id: expected a whole number/),
  csv('a number beyond 64 bits', 'id,name,big\n2,b,9223372036854775808\n', /^Line 2: Column person\.big: expected a bigint of 64 bits/),
  csv('a decimal with too many digits', 'id,name,pay\n2,b,1.005\n', /^Line 2: Column person\.pay: expected a decimal number/, servers),
  csv(
    'a decimal with more digits than any number has',
    'id,name,pay\n2,b,12345678901234567890.5\n',
    /^Line 2: Column person\.pay: expected a decimal number/,
  ),
  csv('a day that is none', 'id,name,born\n2,b,2023-02-29\n', /^Line 2: Column person\.born: expected a day/),
  csv('a time that is none', 'id,name,seen\n2,b,2023-02-28T25:00:00Z\n', /^Line 2: Column person\.seen: expected a date and time/),
  csv(
    '29 February where there is none',
    'id,name,seen\n2,b,2023-02-29T10:00:00Z\n',
    /^Line 2: Column person\.seen: expected a date and time/,
  ),
  csv('neither yes nor no', 'id,name,live\n2,b,maybe\n', /^Line 2: Column person\.live: expected true or false/),
  csv('damaged JSON in a field', 'id,name,extra\n2,b,"{""a"":}"\n', /^Line 2: Column person\.extra: expected JSON/),
  csv(
    'half a character in a document',
    'id,name,extra\n2,b,"""\\ud800"""\n',
    /^Line 2: Column person\.extra: expected .* half a surrogate pair/,
  ),
  csv('damaged base64', 'id,name,photo\n2,b,a=b\n', /^Line 2: Column person\.photo: expected bytes as base64/),
  csv(
    'a text that is too long',
    `id,name\n2,b\n3,${'c'.repeat(21)}\n`,
    /^Line 3: Column person\.name: expected a text of at most 20/,
    servers,
  ),
  csv('NULL where there is none', 'id,name\n2,b\n3,\n', /^Line 3, column "name": /),
  csv('a key twice', 'id,name\n2,b\n3,c\n2,d\n', /^Line 4, column "id": /),
  csv('a key that is in the table', 'id,name\n2,b\n1,c\n', /^Line 3, column "id": /),
  csv('a unique value that is in the table', 'id,name\n2,b\n3,Ada\n', /^Line 3, column "name": /),
  csv('a reference to nothing', 'id,name,team_id\n2,b,1\n3,c,7\n', /^Line 3, column "team_id": /),
  csv('a boss who does not come', 'id,name,boss_id\n2,b,3\n3,c,9\n4,d,3\n', /^Line 3, column "boss_id": /),
  csv('a NUL', 'id,name\n2,b\n3,c\0\n', /^Line 3: Column person\.name: expected a text, found a NUL/, ['postgresql']),
  csv('a computed column', 'id,name,loud\n2,b,B\n', /^Line 1, column "loud": the database computes this column/),

  jsonl('a list in a line', '{"id": 2, "name": "b"}\n[3, "c"]\n', /^Line 2, column 1: expected an object/),
  jsonl('a number in a line', '{"id": 2, "name": "b"}\n3\n', /^Line 2, column 1: expected an object/),
  jsonl('an empty object', '{"id": 2, "name": "b"}\n{}\n', /^Line 2: expected the values of a row/),
  jsonl('a name twice', '{"id": 2, "name": "b"}\n{"id": 3, "name": "c", "id": 4}\n', /^Line 2, column 24: the name "id" is there already/),
  jsonl('an early end', '{"id": 2, "name": "b"}\n{"id": 3, "na', /^Line 2, column 11: expected JSON, here a name/),
  jsonl(
    'an object over two lines',
    '{"id": 2,\n"name": "b"}\n',
    /^Line 1, column 10: expected JSON, here a name in double quotes; found the end/,
  ),
  jsonl('a value that JSON does not know', '{"id": 2, "name": NaN}\n', /^Line 1, column 19: expected JSON, here a value/),
  jsonl(
    'damage behind a long text',
    `{"id": 2, "name": "b"}\n{"extra": "${'x'.repeat(10_000_000)}", "id": tru}\n`,
    /^Line 2, column 10000021: expected JSON, here a value/,
  ),
  jsonl(
    'a long text that is not closed',
    `{"id": 2, "name": "${'\\"'.repeat(1_000_000)}`,
    /^Line 1, column 19: expected JSON, here a value/,
  ),
  jsonl(
    'a name that reads as two with a NUL between them',
    '{"id": 2, "name": "b"}\n{"id\\u0000name": 3}\n',
    /^Line 2, column "id\\u0000name": table "person" has no such column/,
  ),
  jsonl('a decimal next to nothing', '{"id": 2, "name": "b", "pay": 1e-400}\n', /^Line 1: Column person\.pay: expected a decimal number/),
  jsonl(
    'a whole number and a little',
    '{"id": 2.00000000000000000001, "name": "b"}\n',
    /^Line 1: Column person\.id: expected a whole number/,
  ),
  jsonl(
    'a boolean and a little',
    '{"id": 2, "name": "b", "live": 1.00000000000000000001}\n',
    /^Line 1: Column person\.live: expected true or false, found a number/,
  ),
  jsonl('a text for a number', '{"id": "2", "name": "b"}\n', /^Line 1: Column person\.id: expected a whole number, found a string/),
  jsonl('a number for a text', '{"id": 2, "name": 5}\n', /^Line 1: Column person\.name: expected a text, found a number/),
  jsonl('half a character', '{"id": 2, "name": "b\\ud800"}\n', /^Line 1: Column person\.name: expected a text, found half/),
  jsonl(
    'half a character in a document',
    '{"id": 2, "name": "b", "extra": ["\\udc00"]}\n',
    /^Line 1: Column person\.extra: expected .* half a surrogate pair/,
  ),
  jsonl(
    'a NUL in a document',
    '{"id": 2, "name": "b", "extra": ["\\u0000"]}\n',
    /^Line 1: Column person\.extra: expected JSON without a NUL/,
    ['postgresql'],
  ),
  jsonl('a key twice', '{"id": 2, "name": "b"}\n{"name": "c", "id": 2}\n', /^Line 2, column "id": /),

  json('nothing', '', /^Line 1, column 1: expected a list of tables.*, found the end/),
  json('an object', '{"model": "person", "data": []}', /^Line 1, column 1: expected a list of tables/),
  json('a list of rows', '[{"id": 2, "name": "b"}]', /^Line 1, column 3: expected "model" or "data", found "id"/),
  json(
    'a number among the tables',
    '[\n  {"model": "person", "data": []},\n  5\n]',
    /^Line 3, column 3: expected an object with "model" and "data"/,
  ),
  json(
    'an unknown table',
    '[{"model": "person", "data": [{"id": 2, "name": "b"}]},\n {"model": "persn", "data": []}]',
    /^Line 2, column 12: There is no table "persn"\. Did you mean "person"\?/,
  ),
  json('no model', '[{"data": [{"id": 2, "name": "b"}]}]', /^Line 1, column 35: expected "model"/),
  json('no data', '[{"model": "person"}]', /^Line 1, column 20: expected "data"/),
  json('data that is no list', '[{"model": "person", "data": {"id": 2}}]', /^Line 1, column 30: expected a list of rows/),
  json(
    'a list for a row',
    '[{"model": "person", "data": [{"id": 2, "name": "b"},\n [3, "c"]]}]',
    /^Line 2, column 2: expected an object with the values of a row/,
  ),
  json(
    'damage deep inside',
    '[{"model": "person", "data": [{"id": 2, "name": "b", "extra": {\n "a": [1, {"b": [tru]}]\n}}]}]',
    /^Line 2, column 18: expected JSON, here a value/,
  ),
  json(
    'a comma too many',
    '[{"model": "person", "data": [{"id": 2, "name": "b"},]}]',
    /^Line 1, column 54: expected an object with the values of a row/,
  ),
  json(
    'a name twice, deep inside',
    '[{"model": "person", "data": [{"id": 2, "name": "b", "extra": {"a": 1,\n "a": 2}}]}]',
    /^Line 2, column 2: the name "a" is there already/,
  ),
  json('an early end', '[{"model": "person", "data": [{"id": 2, "name": "b"}, {"id": 3, "name": "c', /^Line 1, column 73: expected JSON/),
  json(
    'more behind the list',
    '[{"model": "person", "data": [{"id": 2, "name": "b"}]}] []',
    /^Line 1, column 57: expected nothing behind the list/,
  ),
  json(
    'a boss who does not come',
    '[{"model": "person", "data": [{"id": 2, "name": "b", "boss_id": 3},\n{"id": 3, "name": "c", "boss_id": 9}]}]',
    /^Line 2, column "boss_id": /,
  ),

  yaml('nothing', '', /^Line 1, column 1: expected a list of tables.*, found nothing/),
  yaml('an object', 'model: person\ndata: []\n', /^Line 1, column 1: expected a list of tables/),
  yaml('a list of rows', '- {id: 2, name: b}\n', /^Line 1, column 8: expected "model" and "data", found "id"/),
  yaml('bad indentation', '- model: person\n  data:\n    - id: 2\n      name: b\n    - id: 3\n     name: c\n', /^Line 6, column \d+: /),
  yaml('a tab', '- model: person\n  data:\n\t- {id: 2, name: b}\n', /^Line 3, column 1: found a tab/),
  yaml('a key twice', '- model: person\n  data:\n    - id: 2\n      name: b\n      name: c\n', /^Line 5, column 7: a key is there already/),
  yaml(
    'a quote that is not closed',
    '- model: person\n  data:\n    - {id: 2, name: b}\n    - {id: 3, name: "c}\n',
    /^Line [45], column \d+: something is missing/,
  ),
  yaml(
    'a tag of a program',
    '- model: person\n  data:\n    - {id: 2, name: !!js/function "function () {}"}\n',
    /^Line 3, column 21: found a tag/,
  ),
  yaml(
    'another one',
    '- model: person\n  data:\n    - {id: 2, name: !!python/object/apply:os.system [ls]}\n',
    /^Line 3, column 21: found a tag/,
  ),
  yaml('aliases of aliases of aliases', bomb, /^Line 5, column \d\d: found aliases that .* far more of the file/),
  yaml('an alias of nothing', '- model: person\n  data:\n    - {id: 2, name: *who}\n', /^Line 3, column 21: found an alias whose anchor/),
  yaml('a list for a row', '- model: person\n  data:\n    - {id: 2, name: b}\n    - [3, c]\n', /^Line 4, column 7: expected an object/),
  yaml('an empty row', '- model: person\n  data:\n    - {id: 2, name: b}\n    -\n', /^Line 4, column \d+: expected an object/),
  yaml(
    'levels without end',
    `- model: person\n  data:\n    - {id: 2, name: b, extra: ${'['.repeat(5_000)}}\n`,
    /^Line 3, column \d+: found more levels/,
  ),
  yaml('an unknown table', '- model: persn\n  data: []\n', /^Line 1, column 10: There is no table "persn"/),
  yaml(
    'a number for a text',
    '- model: person\n  data:\n    - id: 2\n      name: 007\n',
    /^Line 3: Column person\.name: expected a text, found a number/,
  ),
  yaml(
    'a key that is in the table',
    '- model: person\n  data:\n    - id: 2\n      name: b\n\n    - id: 1\n      name: c\n',
    /^Line 6, column "id": /,
  ),
]
