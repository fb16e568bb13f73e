import { InvalidRequestError } from 'offloop'
import { type Inspector, inspect, type TableDescription } from 'offloop/schema'
import { describe, expect, test } from 'vitest'
import { describeDialect } from './databases.ts'

/** How often they come and go while they are asked for. */
const rounds = 40

/** Makes a table with one of everything and a view of it, and drops them. */
const steps = [
  `create table t (id integer not null primary key, a varchar(20) default 'x', b integer, constraint ck check (b > 0), constraint uq unique (a, b),
    constraint fk foreign key (b) references p (id))`,
  'create view v as select id, a from t where b > 1',
  'drop view v',
  'drop table t',
]

describe.for(['sqlite', 'postgresql', 'mysql'] as const)('tables that come and go', (dialect) => {
  describeDialect(dialect, (fixture) => {
    test('are described as a whole, or not found', async () => {
      const engine = fixture.engine()
      await engine.execute('create table p (id integer not null primary key)')
      await using writer = await engine.connect()
      const inspector = inspect(engine)
      const seen: string[] = []
      const comeAndGo = async () => {
        for (const step of steps) await writer.execute(step)
      }
      for (let round = 0; round < rounds; round += 1) {
        const asking = Promise.all([outlineOf(inspector, 't'), outlineOf(inspector, 'v'), outlineOfAll(inspector)])
        seen.push(...(await Promise.all([asking, comeAndGo()]))[0])
      }
      const whole = ['t: 3 columns, key id, 1 unique, 1 foreign, 1 check', 'v: 2 columns, key , 0 unique, 0 foreign, 0 check']
      const expected = ['unknown t', 'unknown v', ...whole, 'p', `p, ${whole[0]}`, `p, ${whole.join(', ')}`]
      expect(seen.filter((outline) => !expected.includes(outline))).toEqual([])
    })
  })
})

async function outlineOf(inspector: Inspector, name: string): Promise<string> {
  return (await unlessChanging(async () => (await inspector.describe({ only: [name] })).map(outline).join())) ?? `unknown ${name}`
}

async function outlineOfAll(inspector: Inspector): Promise<string> {
  return (await unlessChanging(async () => (await inspector.describe({ views: true })).map(outline).join(', '))) ?? 'unknown'
}

/** Asks again where MySQL says that the tables have changed each time, as its error tells to; undefined where there is no such table. */
async function unlessChanging(ask: () => Promise<string>): Promise<string | undefined> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (error instanceof InvalidRequestError) return undefined
      if (!(error instanceof Error && 'retryable' in error && error.retryable === true)) throw error
    }
  }
}

function outline({ name, columns, primaryKey, uniqueConstraints, foreignKeys, checks }: TableDescription): string {
  if (name === 'p') return columns.length === 1 && primaryKey.columns.length === 1 ? 'p' : 'half of p'
  const keys = `key ${primaryKey.columns.join()}, ${uniqueConstraints.length} unique, ${foreignKeys.length} foreign`
  return `${name}: ${columns.length} columns, ${keys}, ${checks.length} check`
}
