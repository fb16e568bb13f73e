import { join } from 'node:path'
import { createEngine } from 'offloop'
import { expect, test } from 'vitest'
import { offloop, temporaryFolder } from './run-command.ts'

const schema = `
  create table users (id integer primary key, name text not null unique, email text default 'none' check (email like '%@%'));
  create index by_email on users (email desc) where email is not null;
  create table "my orders" (
    number integer, "user" integer not null references users (id) on delete cascade, "odd name" decimal(10,2),
    payer integer unique references users, total real generated always as ("odd name" * 2) stored, primary key (number, "user"));
  create view names as select name from users;
  create trigger no_empty_name before insert on users when new.name = '' begin select raise(abort, 'empty'); end;
`

async function sample(): Promise<{ readonly cwd: string }> {
  const cwd = temporaryFolder()
  await using engine = createEngine(`sqlite:///${join(cwd, 'app.db')}`)
  await engine.script(schema)
  return { cwd }
}

test('tables are told with their columns, keys, constraints, indexes and triggers', async () => {
  const { stdout, stderr, code } = await offloop(['inspect', 'app.db'], await sample())
  expect(stdout).toBe(`app.db: 2 tables, 1 view

table my orders
  number    INTEGER
  user      INTEGER        not null
  odd name  decimal(10,2)
  payer     INTEGER
  total     REAL           generated as ("odd name" * 2) stored
  primary key (number, user)
  unique (payer)
  foreign key (user) references users (id) on delete cascade
  foreign key (payer) references users (id)

view names
  name  TEXT
  as select name from users

table users
  id     INTEGER  not null counts by itself
  name   TEXT     not null
  email  TEXT     default 'none'
  primary key (id)
  unique (name)
  check (email like '%@%')
  index by_email (email desc) where email is not null
  trigger no_empty_name
`)
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
})

test('an entity diagram has an entity for each table and a line for each foreign key', async () => {
  const { stdout } = await offloop(['inspect', 'app.db', '--mermaid'], await sample())
  expect(stdout).toBe(`erDiagram
  "my orders" {
    INTEGER number PK
    INTEGER user PK, FK
    decimal(10_2) odd_name "odd name"
    INTEGER payer FK, UK
    REAL total
  }
  "names" {
    TEXT name
  }
  "users" {
    INTEGER id PK
    TEXT name UK
    TEXT email
  }
  "users" ||--o{ "my orders" : "user"
  "users" |o--o| "my orders" : "payer"
`)
})

test('some tables are told as JSON, and one that is not there is refused', async () => {
  const place = await sample()
  const env = { OFFLOOP_URL: 'app.db' }
  const [some, none] = await Promise.all([
    offloop(['inspect', 'users', 'names', '--json'], { ...place, env }),
    offloop(['inspect', 'app.db', 'user'], place),
  ])
  expect(JSON.parse(some.stdout)).toMatchObject([
    { name: 'names', view: { definition: 'select name from users' } },
    { name: 'users', primaryKey: { columns: ['id'] }, indexes: [{ name: 'by_email', members: [{ column: 'email', descending: true }] }] },
  ])
  expect(none).toMatchObject({ code: 1, stdout: '', stderr: 'offloop: There is no table or view "user". Did you mean "users"?\n' })
})
