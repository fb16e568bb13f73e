/** Values for one run, in a list or by name. */
export type Row = readonly (string | number | null)[] | Readonly<Record<string, string | number | null>>

/** An insertion of many rows that may or may not be taken several at a time. */
export interface Insertion {
  readonly of: string
  readonly tables: string
  readonly insert: string
  readonly rows: readonly Row[]
  /** What is looked at afterwards. */
  readonly look: string
  /** The error that it ends with. */
  readonly fails?: RegExp
}

/** As many rows as go into several statements of many rows, and some more. */
export const numbers = Array.from({ length: 333 }, (_, n) => n)

const tables = 'create table items (id integer primary key, name varchar(2000), size double precision); create table log (seen integer)'
const look = 'select * from items order by id'
const insert = 'insert into items values (:id, :name, :size)'

/** What both servers understand alike. */
const common: readonly Insertion[] = [
  {
    of: 'values of every type',
    tables,
    insert,
    rows: numbers.map((n) => ({ id: n, name: [`text ${n}`, 'ü', '', null][n % 4] as string, size: [null, n, n / 3][n % 3] as number })),
    look,
  },
  {
    of: 'some columns in another order, and a value that is in the text',
    tables,
    insert: "insert into items (size, id, name) values (:size, :id, 'same')",
    rows: numbers.map((n) => ({ id: n, size: n / 2 })),
    look,
  },
  {
    of: 'a value that is given twice',
    tables,
    insert: 'insert into items (id, name, size) values (:id, :name, :id + 1)',
    rows: numbers.map((n) => ({ id: n, name: `${n}` })),
    look,
  },
  {
    of: 'children of another table',
    tables:
      'create table parents (id integer primary key); insert into parents values (1); create table children (parent integer references parents (id))',
    insert: 'insert into children values (:parent)',
    rows: numbers.map((n) => ({ parent: n % 2 === 0 ? 1 : null })),
    look: 'select count(*), count(parent) from children',
  },
  {
    of: 'a child whose parent comes after it',
    tables: 'create table nodes (id integer primary key, parent integer, foreign key (parent) references nodes (id))',
    insert: 'insert into nodes values (:id, :parent)',
    rows: numbers.map((n) => ({ id: n, parent: n === 3 ? 4 : null })),
    look: 'select * from nodes order by id',
    fails: /^IntegrityError: .*foreign key constraint/i,
  },
  {
    of: 'a row that is there twice',
    tables,
    insert,
    rows: numbers.map((n) => ({ id: n === 300 ? 299 : n, name: 'name', size: null })),
    look,
    fails: /^IntegrityError: duplicate/i,
  },
  {
    of: 'a row that breaks a rule',
    tables: 'create table rules (id integer not null, check (id <> 77))',
    insert: 'insert into rules values (:id)',
    rows: numbers.map((id) => ({ id })),
    look: 'select id from rules order by id',
    fails: /^(IntegrityError|OperationalError): /,
  },
  {
    of: 'a text that is too long for its column',
    tables: 'create table words (id integer, word varchar(5))',
    insert: 'insert into words values (:id, :word)',
    rows: numbers.map((id) => ({ id, word: id === 200 ? 'longer' : 'short' })),
    look: 'select * from words order by id',
    fails: /^DataError: /,
  },
]

const rowsOf7 = numbers.map((n) => ({ id: n % 7, name: `${n},`, size: 0 }))

const postgresql: readonly Insertion[] = [
  { of: 'rows to ignore', tables, insert: `${insert} on conflict do nothing`, rows: rowsOf7, look },
  {
    of: 'an upsert that counts',
    tables,
    insert: `${insert} on conflict (id) do update set size = items.size + 1, name = items.name || excluded.name where excluded.id > 1`,
    rows: rowsOf7,
    look,
  },
  {
    of: 'values that are computed from the rows before',
    tables,
    insert: 'insert into items values (:id, :name, (select count(*) from items))',
    rows: numbers.map((n) => ({ id: n, name: `${n}` })),
    look,
  },
  {
    of: 'a trigger that counts what is there',
    tables: `${tables}; create function look() returns trigger language plpgsql as
      $$ begin insert into log select count(*) from items; return new; end $$;
      create trigger look after insert on items for each row execute function look()`,
    insert,
    rows: numbers.map((n) => ({ id: n, name: `${n}`, size: n })),
    look: 'select seen from log order by seen',
  },
]

const mysql: readonly Insertion[] = [
  { of: 'rows to ignore', tables, insert: 'insert ignore into items values (:id, :name, :size)', rows: rowsOf7, look },
  { of: 'rows that replace one another', tables, insert: 'replace into items values (:id, :name, :size)', rows: rowsOf7, look },
  {
    of: 'an upsert that counts',
    tables,
    insert: `${insert} on duplicate key update size = size + 1, name = concat(name, values(name))`,
    rows: rowsOf7,
    look,
  },
  {
    of: 'a trigger that counts what is there',
    tables: `${tables}; create trigger look after insert on items for each row insert into log select count(*) from items`,
    insert,
    rows: numbers.map((n) => ({ id: n, name: `${n}`, size: n })),
    look: 'select seen from log order by seen',
  },
]

/** What is inserted on each server. */
export const serverInsertions: Readonly<Record<'postgresql' | 'mysql', readonly Insertion[]>> = {
  postgresql: [...common, ...postgresql],
  mysql: [...common, ...mysql],
}
