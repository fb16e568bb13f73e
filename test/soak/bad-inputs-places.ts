import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createEngine } from 'offloop'
import { type BadInput, either, legal, refused, type Stage } from './bad-input.ts'
import type { Random } from './random.ts'

// Names of tables, and URLs of files.

const pieces = [
  ...['"', "'", '`', '[', ']', ';', '--', '/*', '*/', ' ', '\\', '%', '_', '.', ',', '(', ')', '?', ':a', '$1', '@x', '\n', '\t', '\u2028'],
  ...[
    'drop table sentinel',
    'sentinel',
    'select',
    'sqlite_master',
    'main',
    'temp',
    'rowid',
    'é',
    'İ',
    '\u{1f600}',
    '\ufeff',
    '\u0301',
    '\x7f',
    '\u0001',
  ],
  ...['"; drop table sentinel; --', '""', "''", 'x"y', '"."', '\\"', '\\', '__proto__', 'constructor', '0', '-1', 'NULL', 'x'.repeat(300)],
]

const noNames = ['', '\0', 'a\0b', '\ud800', 'a\udc00', undefined, null, 1, {}, [], Symbol('s'), true]

/** A name that is hostile, and quoted: a table and a column of that very name, and nothing else. */
function hostileName(random: Random, index: number): BadInput {
  const name = Array.from({ length: 1 + random.below(4) }, () => random.pick(pieces)).join('') + (random.below(3) === 0 ? '' : index)
  // SQLite keeps names like its own to itself, and the sentinel's is taken.
  return either(`the name ${JSON.stringify(name.slice(0, 60))}`, (stage) => useName(stage, name))
}

async function useName({ engine, connection }: Stage, name: string): Promise<void> {
  const quoted = engine.dialect.quoteIdentifier(name)
  await connection.execute(`create table ${quoted} (${quoted} text, other)`)
  try {
    await engine.execute(`insert into ${quoted} (${quoted}) values (?)`, [name])
    const rows = await connection.execute<Record<string, unknown>>(`select ${quoted} from ${quoted} where ${quoted} = ?`, [name]).fetchall()
    const stored = await engine.execute("select name from sqlite_schema where type = 'table'").scalars<string>()
    const [row] = rows
    if (rows.length !== 1 || row === undefined || !Object.hasOwn(row, name) || row[name] !== name)
      throw new Error(`read back as ${JSON.stringify(rows)}`)
    if (!stored.includes(name) || stored.length !== 3 || !(await engine.hasTable(name)))
      throw new Error(`there are ${JSON.stringify(stored)}`)
  } finally {
    await connection.execute(`drop table ${quoted}`)
  }
}

export function badNames(count: number, random: Random): BadInput[] {
  const refusals = noNames.flatMap((name) => [
    refused(`quoteIdentifier(${String(name)})`, ({ engine }) => engine.dialect.quoteIdentifier(name as never), true),
  ])
  return [...refusals, ...Array.from({ length: count - refusals.length }, (_, index) => hostileName(random, index))]
}

/** Behind the scheme. `…` stands for the directory they are to stay in. */
const refusedUrls = [
  '/../outside.db',
  '/../../outside.db',
  '/x/../../outside.db',
  '/%2e%2e/outside.db',
  '/..%2foutside.db',
  '/%2e%2e%2foutside.db',
  '/.%2e/outside.db',
  '//tmp/outside.db',
  '//etc/passwd',
  '//',
  '/.',
  '/..',
  '/x%00.db',
  '/%00',
  '/x\0.db',
  '/x%',
  '/x%2',
  '/x%zz',
  '/x%ff.db',
  '/x%c0%ae.db',
  '/\ud800.db',
  '/missing/folder.db',
  '/%252e%252e/outside.db',
  '/inside.db?nativeBinding=/tmp/x.node',
  '/inside.db?verbose=1',
  '/inside.db?readonly=false',
  '/inside.db?mode=memory',
  '/inside.db?mode=',
  '/inside.db?mode=ro&mode=rwc',
  '/inside.db?cache=shared',
  '/inside.db?vfs=unix-none',
  '/inside.db?immutable=1',
  '/inside.db?__proto__=1',
  '/inside.db?constructor[prototype][polluted]=1',
  '/missing.db?mode=ro',
  '/missing.db?mode=rw',
  'host/inside.db',
  'localhost/inside.db',
  'user@/inside.db',
  'user:password@host/inside.db',
  ':80/inside.db',
  'C:\\inside.db',
  `/${'x'.repeat(300)}.db`,
  `/${'x/'.repeat(3_000)}.db`,
]

/** These name a file of that very name inside. */
const legalUrls: Readonly<Record<string, string>> = {
  '/file:inside.db': 'file:inside.db',
  '/file:inside.db%3Fmode=memory': 'file:inside.db?mode=memory',
  '/:memory:x': ':memory:x',
  '/a%20b.db': 'a b.db',
  '/a b.db': 'a b.db',
  '/%252e%252e.db': '%2e%2e.db',
  '/inside#fragment.db': 'inside#fragment.db',
  '/back\\slash.db': 'back\\slash.db',
  '/...db': '...db',
  '/x/../inside.db': 'inside.db',
  '/-inside.db': '-inside.db',
  '/\u{1f600}.db': '\u{1f600}.db',
  "/it's.db": "it's.db",
}

const noUrls = [
  undefined,
  null,
  1,
  {},
  [],
  true,
  Symbol('s'),
  new URL('https://example.com'),
  '',
  'sqlite',
  'sqlite:',
  'sqlite:/',
  'sqlite:x.db',
  'x.db',
]
const noSchemes = [
  'SQLITE://',
  'sqlite+://',
  'sqlite+missing://',
  'sqlite+pg://',
  'oracle://h',
  '__proto__://x',
  'constructor://x',
  'toString+x://',
  ' sqlite://',
  'sqlite\0://',
]

export function badUrls(): BadInput[] {
  return [
    ...refusedUrls.map((rest) => refused(`sqlite://${rest.slice(0, 60)}`, (stage) => openInside(stage, rest, null))),
    ...Object.entries(legalUrls).map(([rest, name]) => legal(`sqlite://${rest}`, (stage) => openInside(stage, rest, name))),
    ...[...noUrls, ...noSchemes].map((url) => refused(`createEngine(${String(url)})`, () => createEngine(url as never), true)),
  ]
}

/** Opens a URL with a base directory: there is a file called `name` in it, or none, and no other came to be. */
async function openInside({ driver, directory }: Stage, rest: string, name: string | null): Promise<void> {
  const base = join(directory, 'base')
  rmSync(base, { recursive: true, force: true })
  mkdirSync(base)
  const failure = await makeTable(`sqlite+${driver}://${rest}`, base)
  const outside = [directory, dirname(directory)].map((folder) => join(folder, 'outside.db')).filter((file) => existsSync(file))
  const found = [...readdirSync(base), ...outside].join()
  if (found !== (name ?? '')) throw new Error(`there are the files ${found}`)
  if (failure !== null) throw failure
}

async function makeTable(url: string, baseDirectory: string): Promise<unknown> {
  try {
    await using engine = createEngine(url, { baseDirectory })
    await engine.script('create table made (x)')
    return null
  } catch (error) {
    return error
  }
}
