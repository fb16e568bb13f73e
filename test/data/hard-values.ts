/** A column, and what is hard to write and read again in it: literals of the database's own. NULL is among them everywhere. */
export interface HardColumn {
  readonly type: string
  readonly values: readonly string[]
  /** What tells all that is in it, as a text; `$` stands for the column. Default: the column itself. */
  readonly shown?: string
}

/** Of characters that formats use, or change, or hold for the beginning or the end of something. */
const texts = [
  '',
  ' ',
  ' a ',
  'null',
  'NULL',
  '~',
  'true',
  'no',
  '0',
  '007',
  '1e5',
  '0x1F',
  '.inf',
  'NaN',
  '2024-02-29',
  '"',
  '""',
  "'",
  '\\',
  '\\N',
  '\\.',
  '\\u0041',
  ',',
  ';',
  '\t',
  '\n',
  '\r',
  '\r\n',
  'a\nb',
  '\n\n',
  '- a',
  'a: b',
  '# a',
  '&a',
  '*a',
  '!a',
  '%a',
  '@a',
  '`',
  '|',
  '>',
  '{}',
  '[',
  '{"$json":null}',
  '\uFEFF',
  '\uFEFFa',
  '\u0001\u007f\u0085\u00a0',
  '\u2028\u2029',
  '\uFFFE\uFFFF',
  '😀',
  'e\u0301é',
  '👩‍👩‍👧',
  '=1+1',
]

/** Documents without blanks, which are not kept everywhere; numbers keep their digits. */
const documents = [
  'null',
  '{"$json":null}',
  '{"$json":{"$json":[]}}',
  '{"$json":1,"a":null}',
  '[null]',
  '{"a":null}',
  'true',
  'false',
  '0',
  '""',
  '"null"',
  '"😀\\n\\"\\\\"',
  '{}',
  '[]',
  '[[[[]]]]',
  '{"":{"":""}}',
  '{"__proto__":1,"constructor":2}',
  '{"a":[9007199254740993,-9223372036854775808,18446744073709551616]}',
  '[0.1234567890123456789,1.5e+300,5e-324]',
]

const dates = ['0001-01-01', '1582-10-10', '1969-12-31', '2000-02-29', '9999-12-31']
const times = ['00:00:00', '23:59:59', '12:00:00.001', '23:59:59.999999']
const moments = ['0001-01-01 00:00:00', '1969-12-31 23:59:59.999', '2000-02-29 12:00:00.000001', '9999-12-31 23:59:59.999999']
const integers = ['0', '-1', '9007199254740991', '9007199254740993', '-9007199254740993', '9223372036854775807', '-9223372036854775808']
const doubles = ['0', '0.1', '-1.5', '1e15', '123456789012345680', '1e300', '1.7976931348623157e308', '2.2250738585072014e-308', '5e-324']
const decimals = [
  '0.0000000000',
  '0.1000000000',
  '-0.0001000000',
  '99999999999999999999.9999999999',
  '-99999999999999999999.9999999999',
  '0.0000000001',
]
const uuids = ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '0b7f8e0e-6d5c-4b3a-9281-706f5e4d3c2b']

function quoted(values: readonly string[]): readonly string[] {
  return values.map((value) => `'${value.replaceAll("'", "''")}'`)
}

/** MySQL reads escapes in its texts. */
function escaped(values: readonly string[]): readonly string[] {
  return quoted(values.map((value) => value.replaceAll('\\', '\\\\')))
}

const bytes = (literal: (hex: string) => string): readonly string[] =>
  ['', '00', 'ff', '0d0a', 'efbbbf', '6e756c6c', 'ab'.repeat(200_000)].map(literal)

type Columns = Readonly<Record<string, HardColumn>>

const sqlite: Columns = {
  whole: { type: 'integer', values: integers },
  small: { type: 'smallint', values: integers },
  big: { type: 'bigint', values: integers },
  bare: { type: '', values: ["'x'", "''", ...integers, '0.30000000000000004', '1e300'] },
  weight: { type: 'real', values: [...doubles, '9e999', '-9e999', '0.1 + 0.2'], shown: `format('%!.20g', $)` },
  price: {
    type: 'decimal(10, 2)',
    values: ['0', '1.5', '1.005', '0.1 + 0.2', '1e300', '5e-324', ...integers],
    shown: `format('%!.20g', $)`,
  },
  wide: { type: 'decimal_text(30, 10)', values: [...quoted(decimals), "'0.12345678901'", "'1234567890123456789012.5'"] },
  live: { type: 'boolean', values: ['0', '1', '2', '-1', '9007199254740993'] },
  code: { type: 'varchar(3)', values: [...quoted(texts), "'longer than three'", 'char(0)', "'a' || char(0) || 'b'"], shown: 'hex($)' },
  note: { type: 'text', values: [...quoted(texts), 'char(0)'], shown: 'hex($)' },
  odd: { type: 'string', values: ["'007'", "'x'", "'1.50'", '9007199254740993'] },
  day: { type: 'date', values: [...quoted([...dates, '0000-01-01']), '1700000000', '2460000.5'] },
  at: { type: 'time', values: [...quoted([...times, '23:59:59.999999999']), '43200'] },
  moment: {
    type: 'datetime',
    values: ["'2000-02-29T12:00:00.000Z'", "'2000-02-29T12:00:00.123456789Z'", '1700000000000', '-62135596800000', '9007199254740993'],
  },
  doc: { type: 'json', values: [...quoted(documents), '9223372036854775807', '-9223372036854775808'] },
  kind: { type: `varchar(3) check (kind in ('a', 'b"c', ''))`, values: quoted(['a', 'b"c', '']) },
  ident: { type: 'uuid', values: quoted(uuids) },
  raw: { type: 'blob', values: bytes((hex) => `x'${hex}'`), shown: 'hex($)' },
}

const postgresql: Columns = {
  whole: { type: 'integer', values: ['0', '2147483647', '-2147483648'] },
  small: { type: 'smallint', values: ['0', '32767', '-32768'] },
  big: { type: 'bigint', values: integers },
  bigs: { type: 'bigint[]', values: ["'{}'", `'{${integers.join(',')},NULL}'`, "'{{1,2},{3,9007199254740993}}'"] },
  weight: { type: 'double precision', values: quoted([...doubles, 'NaN', 'Infinity', '-Infinity', '-0']) },
  light: { type: 'real', values: quoted(['0', '-0', '0.1', '16777216', '16777215', '3.4028235e38', '1e-45', 'NaN', '-Infinity']) },
  price: { type: 'numeric(12, 4)', values: ['0', '0.0001', '-99999999.9999', "'NaN'"] },
  wide: { type: 'numeric', values: [...decimals, '1e300', '1e-300', "'NaN'", "'-Infinity'", '1.50'] },
  live: { type: 'boolean', values: ['true', 'false'] },
  code: { type: 'varchar(9)', values: quoted(texts.filter((text) => text.length < 10)) },
  note: { type: 'text', values: quoted(texts) },
  notes: { type: 'text[]', values: texts.map((text) => `array[${quoted([text])}, null, 'NULL']`) },
  day: { type: 'date', values: quoted([...dates, '0001-01-01 BC', '5874897-12-31', 'infinity', '-infinity']) },
  at: { type: 'time', values: quoted([...times, '24:00:00']) },
  moment: { type: 'timestamp', values: quoted([...moments, '0001-01-01 00:00:00 BC', '294276-12-31 23:59:59.999999', 'infinity']) },
  zoned: { type: 'timestamptz', values: quoted([...moments.map((moment) => `${moment}+00`), '-infinity', '1900-01-01 00:00:00-04:56:02']) },
  doc: { type: 'jsonb', values: quoted(documents) },
  plain: { type: 'json', values: quoted(documents), shown: '$::jsonb' },
  kind: { type: `varchar(3) check (kind in ('a', 'b"c', ''))`, values: quoted(['a', 'b"c', '']) },
  ident: { type: 'uuid', values: quoted(uuids) },
  raw: { type: 'bytea', values: bytes((hex) => `'\\x${hex}'`) },
}

const mysql: Columns = {
  whole: { type: 'int', values: ['0', '2147483647', '-2147483648'] },
  small: { type: 'smallint', values: ['0', '32767', '-32768'] },
  big: { type: 'bigint', values: integers },
  huge: { type: 'bigint unsigned', values: ['0', '9007199254740993', '18446744073709551615'] },
  weight: { type: 'double', values: [...doubles, '-0e0'] },
  light: { type: 'float', values: ['0', '0.1', '16777216', '16777215', '3.4028234e38', '1.17549435e-38', '123456.789'], shown: '$ + 0e0' },
  price: { type: 'decimal(12, 4)', values: ['0', '0.0001', '-99999999.9999'] },
  wide: { type: 'decimal(40, 10)', values: decimals },
  live: { type: 'tinyint(1)', values: ['0', '1', '2', '-128', '127'] },
  code: { type: 'varchar(9)', values: escaped(texts.filter((text) => text.length < 10)), shown: 'hex($)' },
  note: { type: 'longtext', values: escaped(texts), shown: 'hex($)' },
  day: { type: 'date', values: quoted([...dates, '0000-00-00', '2024-00-00', '2024-02-00']) },
  at: { type: 'time(6)', values: quoted([...times, '-838:59:59.999999', '838:59:59.999999']) },
  moment: { type: 'datetime(6)', values: quoted([...moments, '0000-00-00 00:00:00', '2024-02-00 01:02:03']) },
  doc: { type: 'json', values: escaped(documents) },
  kind: { type: `enum('a', 'b"c', '')`, values: quoted(['a', 'b"c', '']) },
  ident: { type: 'char(36)', values: quoted(uuids) },
  raw: { type: 'longblob', values: bytes((hex) => `x'${hex}'`), shown: 'hex($)' },
}

export const hardColumns = { sqlite, postgresql, mysql } as const
