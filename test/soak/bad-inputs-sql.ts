import { type BadInput, doors, either, legal, refused } from './bad-input.ts'
import type { Random } from './random.ts'

// Texts that are no statement, or no single one.

const nothing = ['', ' ', '\n', ';', ';;', ' ; ', '--', '-- a comment', '/**/', '/* ; */', '-- \n /* x */ ;', '\ufeff', '/*', '/* select 1']

const several = [
  'select 1; select 2',
  'select 1; drop table sentinel',
  "select ';'; drop table sentinel; --",
  'select 1;/**/drop table sentinel',
  'select 1;\ndrop table sentinel\n;',
  'select 1 -- ;\n; drop table sentinel',
  'begin; drop table sentinel; commit',
  'select 1;;select 2',
  `select "a;" ; drop table sentinel`,
  'select [;] ; drop table sentinel',
  'select `;` ; drop table sentinel',
  `select 'it''s'; drop table sentinel`,
  'create trigger r after insert on t begin select 1; end; drop table sentinel',
]

const broken = [
  "select 'unclosed",
  'select "unclosed',
  'select [unclosed',
  'select `unclosed',
  'select 1 trailing garbage here',
  'select 1)',
  'select (1',
  'select , 1',
  'selekt 1',
  'select * from',
  'select * from missing',
  'select missing from sentinel',
  'select 1 union select 1, 2',
  'insert into sentinel',
  'insert into missing values (1)',
  'select missing()',
  'select 1 as',
  "select x'abc'",
  "select x'",
  'select 0x',
  'select 1e',
  'select #',
  'select \\',
  'select \u{1f600}',
  'select \u2028 1 \u2029 2',
  'drop',
  'create table',
  'create table t (a)',
  'create table x (a, a)',
  'create index i on missing (a)',
  'with n as (select 1)',
  'with recursive n as (select * from n) select * from n',
  'select * from sentinel where x = (select x, x from sentinel)',
  'select x from sentinel group by sum(x)',
  'values',
  'explain',
  '\0',
  'select 1\0',
  "select '\0'",
  'select 1 -- \0',
  'select 1; \0 drop table sentinel',
  '\ud800',
  "select '\udc00'",
  'select 1 -- \udfff',
  'select "\ud800"',
]

const huge: Readonly<Record<string, () => string>> = {
  'too many columns': () => `select ${'1,'.repeat(3_000)}1`,
  'too deep an expression': () => `select ${'('.repeat(20_000)}1${')'.repeat(20_000)}`,
  'too many terms': () => `select 1${' union all select 1'.repeat(600)}`,
  'too many parameters': () => `select ${'?,'.repeat(32_766)}?`,
  'too high a number': () => 'select ?32767',
  'a name of a megabyte': () => `select ${'a'.repeat(1_000_000)}`,
  'a megabyte of noise': () => 'x '.repeat(500_000),
  'a text of two megabytes that is not closed': () => `select '${'a;'.repeat(1_000_000)}`,
  'more than is taken': () => ' '.repeat(100_000_001),
}

const ending = ['begin', 'commit', 'rollback', 'end', 'savepoint s', 'release s', 'BEGIN IMMEDIATE', '/**/ begin', '; begin']

const accepted = [
  'select 1;',
  'select 1 -- done',
  'select 1 /* done */ ;',
  'select 1 /* and no end',
  '\ufeffselect 1',
  ';select 1',
  "select ';'",
  `select ';' as ";"`,
  'select 1 as [;]',
  "select '--', '/*'",
  'explain select 1',
  'values (1), (2)',
  "select 'a' 'b'",
  'select 1\f',
]

/** Statements of SQLite's that no parameter fits: what the driver's placeholders can go wrong by. */
const misnumbered: readonly (readonly [string, readonly unknown[]])[] = [
  ['select ?', []],
  ['select ?', [1, 2]],
  ['select 1', [1]],
  ['select ?1, ?', [1, 2]],
  ['select ?2', [1, 2]],
  ['select ?0', [1]],
  ['select ?, :a', [1, 2]],
  ['select $a, $1', [1, 2]],
  ['select :a', [1]],
  ['select @a', []],
  ['select ?-1', []],
]

/** Doors that run a text without rows of parameters. */
const plainDoors = Object.entries(doors).filter(([name]) => !name.endsWith('Many'))

export function badTexts(random: Random): BadInput[] {
  const must = [...nothing, ...several, ...broken].map((text) => {
    const [door, call] = random.pick(plainDoors)
    return refused(`${door}(${show(text)})`, (stage) => call(stage, text))
  })
  const large = Object.entries(huge).map(([name, text]) => {
    const [door, call] = random.pick(plainDoors)
    return refused(`${door}(${name})`, (stage) => call(stage, text()))
  })
  const endings = ending.map((text) => refused(`engine.execute(${show(text)})`, ({ engine }) => engine.execute(text)))
  const inside = ['commit', 'rollback', 'begin', 'end'].map((text) =>
    refused(`transaction.execute(${show(text)})`, (stage) => stage.inTransaction((tx) => tx.execute(text))),
  )
  const fine = accepted.map((text) => {
    const [door, call] = random.pick(plainDoors)
    return legal(`${door}(${show(text)})`, (stage) => call(stage, text))
  })
  const numbers = misnumbered.map(([text, values]) => {
    const [door, call] = random.pick(Object.entries(doors))
    return refused(`${door}(${show(text)}, ${JSON.stringify(values)})`, (stage) => call(stage, text, values))
  })
  const scripts = broken.map((text) => refused(`script(${show(text)})`, ({ engine }) => engine.script(text)))
  return [...must, ...large, ...endings, ...inside, ...fine, ...numbers, ...scripts]
}

const pieces = [
  ...['select', 'from', 'sentinel', 'x', '1', ',', '(', ')', '*', '=', 'where', 'union', 'values', 'explain', 'case', 'when', 'end', 'as'],
  ...["'", '"', '`', '[', ']', "''", '--', '/*', '*/', ';', '\n', '?', '?1', ':a', '@b', '$c', '||', '->', '\\', '%', '.', '\u00a0'],
  ...['\0', '\ud83d', '\ude00', '\ufeff', '\u2028', '\u{1f600}', 'é', 'cast', 'null', 'collate', 'limit', 'join', 'using', 'not', 'in'],
]

/** A text of pieces that mean something to SQLite, in no order: only the database can say what it is. It could not do any harm. */
export function noise(random: Random): BadInput {
  const text = Array.from({ length: 1 + random.below(14) }, () => random.pick(pieces)).join(random.pick(['', ' ', ' ']))
  const [door, call] = random.pick(plainDoors)
  return either(`${door}(${show(text)})`, (stage) => call(stage, text))
}

function show(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}
