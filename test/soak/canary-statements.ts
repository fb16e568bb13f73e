import type { AsyncConnection, AsyncEngine, Parameters } from 'offloop'
import { named, type Path, type Paths, type Scene } from './canary-scene.ts'

// A canary among the parameters of statements that fail.

type Statement = readonly [sql: string, parameters: (canary: string) => Parameters]

const insert = 'insert into t (id, u) values (?, ?)'

const refusedByDatabase: Readonly<Record<string, Statement>> = {
  'a unique column': ['insert into t (id, u) values (1, ?)', (canary) => [canary]],
  'a primary key': ['insert into t (id) values (?)', (canary) => [canary]],
  'a primary key of two columns': ['insert into keyed values (:a, :b)', (canary) => ({ a: canary, b: canary })],
  'a row id': ['insert into numbered values (?)', () => [1]],
  'a unique column, by name': ['insert into t (id, u) values (:id, :u)', (canary) => ({ id: 1, u: canary })],
  'a unique index over an expression': ['insert into folded values (upper(?))', (canary) => [canary]],
  'a check': ['insert into t (id, c) values (1, ?)', (canary) => [canary]],
  'not null': ['insert into t (id, n, u) values (?, null, ?)', (canary) => [`${canary}1`, `${canary}1`]],
  'a foreign key': ['insert into t (id, u, p) values (?, ?, 7)', (canary) => [`${canary}2`, `${canary}2`]],
  'a foreign key, deferred': ['insert into t (id, d) values (?, 7)', (canary) => [`${canary}3`]],
  'a trigger': ['insert into parent (id) select -1 where ? is not null', (canary) => [canary]],
  'a data type': ['insert into typed values (?)', (canary) => [canary]],
  'a blob where text is due': ['insert into t (id) values (?)', (canary) => [Buffer.from(canary)]],
  'a text as row id': ['insert into numbered values (?)', (canary) => [canary]],
  'an update': ['update t set n = null where id = ?', (canary) => [canary]],
  'a table that is missing': ['insert into missing values (?)', (canary) => [canary]],
  'a column that is missing': ['update t set missing = ?', (canary) => [canary]],
  'a function that is missing': ['select missing(?)', (canary) => [canary]],
  'a syntax error': ['selekt ?', (canary) => [canary]],
  'a text that is no JSON': ['select json(?)', (canary) => [canary]],
  'a bad path into JSON': [`select json_extract('{"a":1}', ?)`, (canary) => [canary]],
  'a bad path into JSON with quotes': [`select json_set('{}', ?, 1)`, (canary) => [`it's ${canary}`]],
  'a bad path into JSON in a table function': [`select * from json_each('{}', :path)`, (canary) => ({ path: canary })],
  'a bad path into JSON in a later row': [
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) select case when i < 4000 then i else json_extract('{}', ?) end from n`,
    (canary) => [canary],
  ],
  'a search for what is no column': ['select * from search where search match ?', (canary) => [canary]],
  'a search with an open quote': ['select * from search where search match ?', (canary) => [`"${canary}`]],
  'a search with a syntax error': ['select * from search where search match ?', (canary) => [`${canary.replace('-', '')} AND AND`]],
  'a search in the old syntax': ['select * from old_search where old_search match ?', (canary) => [`"${canary}" AND (`]],
  'a search in the old syntax, as bytes': [
    'select * from old_search where old_search match cast(? as text)',
    (canary) => [Buffer.from(`"${canary}" AND (`)],
  ],
  'an unknown rank': [`select * from search where search match 'a' and rank match ?`, (canary) => [canary]],
  'an unknown command of a search table': ['insert into search (search) values (?)', (canary) => [canary]],
  'an unknown database': [`select * from pragma_table_info('t', ?)`, (canary) => [canary]],
  'a database that is not attached': ['detach ?', (canary) => [canary]],
  'an extension': ['select load_extension(?)', (canary) => [`/nowhere/${canary}`]],
  'an escape of more than one letter': [`select 'a' like 'b' escape ?`, (canary) => [canary]],
  'a limit that is no number': ['select 1 limit ?', (canary) => [canary]],
  'an overflow': ['select abs(-9223372036854775807 - 1), ?', (canary) => [canary]],
  'a text that is too long': [`select ? || hex(zeroblob(600000000))`, (canary) => [canary]],
  'a backslash that is no escape': ['select unistr(?)', (canary) => [`\\${canary}`]],
  'an integer beyond 2^53': ['select 9007199254740993, ?', (canary) => [canary]],
  'returned rows': ['insert into t (id, u) values (1, ?) returning id', (canary) => [canary]],
}

class Login {
  readonly password: string
  constructor(password: string) {
    this.password = password
  }
}

const refusedBeforehand: Readonly<Record<string, Statement>> = {
  'too many': ['select ?', (canary) => [canary, canary]],
  'too few': ['select ?, ?', (canary) => [canary]],
  'none at all': ['select :password', () => undefined as unknown as Parameters],
  'an unknown name': ['select :a', (canary) => ({ a: canary, b: canary })],
  'a missing name': ['select :a, :b', (canary) => ({ a: canary })],
  'names for a list': ['select ?', (canary) => ({ a: canary })],
  'a list for names': ['select :a', (canary) => [canary]],
  'mixed placeholders': ['select ?, :a', (canary) => [canary, canary]],
  'numbers with a gap': ['select ?1, ?3', (canary) => [canary, canary]],
  'two statements': ['select ?; select ?', (canary) => [canary, canary]],
  'no statement': ['-- nothing', (canary) => [canary]],
  'NUL in the text': ['select ? \0', (canary) => [canary]],
  'a text as parameters': ['select ?', (canary) => canary as unknown as Parameters],
  'a Map as parameters': ['select :a', (canary) => new Map([['a', canary]]) as unknown as Parameters],
  'a Set as parameters': ['select ?', (canary) => new Set([canary]) as unknown as Parameters],
  'undefined behind it': ['select ?, ?', (canary) => [canary, undefined]],
  'NaN behind it': ['select ?, ?', (canary) => [canary, Number.NaN]],
  'an invalid Date behind it': ['select ?, ?', (canary) => [canary, new Date(Number.NaN)]],
  'a bigint beyond 64 bits behind it': ['select ?, ?', (canary) => [canary, 2n ** 64n]],
  'half a surrogate pair in it': ['select ?', (canary) => [`${canary}\ud800`]],
  'half a surrogate pair in it, by name': ['select :a', (canary) => ({ a: `\udc00${canary}` })],
  'a plain object': ['select ?', (canary) => [{ canary }]],
  'an object of a class': ['select ?', (canary) => [new Login(canary)]],
  'a list': ['select ?', (canary) => [[canary]]],
  'a symbol': ['select ?', (canary) => [Symbol(canary)]],
  'a function': ['select ?', (canary) => [Object.defineProperty(() => canary, 'name', { value: canary })]],
  'a boxed text': ['select ?', (canary) => [Object(canary)]],
  'a RegExp': ['select ?', (canary) => [new RegExp(canary)]],
  'a URL': ['select ?', (canary) => [new URL(`https://${canary}.example/`)]],
  'an Error': ['select ?', (canary) => [new Error(canary)]],
  'a Proxy': ['select ?', (canary) => [new Proxy({ canary }, {})]],
  'a DataView': ['select ?', (canary) => [new DataView(new TextEncoder().encode(canary).buffer)]],
  'a buffer that was given away': ['select ?', (canary) => [givenAway(canary)]],
}

function givenAway(canary: string): ArrayBuffer {
  const { buffer } = new TextEncoder().encode(canary)
  structuredClone(buffer, { transfer: [buffer] })
  return buffer
}

/** On the engine, on a connection, and in a transaction: each has an error path of its own. */
function run([sql, parameters]: Statement): Path {
  return async (scene) => {
    const engine = await scene.engine()
    const values = parameters(scene.canary)
    const errors: unknown[] = [await rejection(engine.execute(sql, values).fetchall())]
    await using conn = await engine.connect()
    errors.push(await rejection(conn.execute(sql, values).fetchall()))
    errors.push(await rejection(streamAll(conn, sql, values)))
    await using tx = await conn.begin()
    errors.push(
      await rejection(
        tx
          .execute(sql, values)
          .fetchall()
          .then(() => tx.commit()),
      ),
    )
    for (const error of errors.slice(1)) scene.show('the error of a connection', error)
    throw errors[0]
  }
}

async function streamAll(conn: AsyncConnection, sql: string, values: Parameters): Promise<void> {
  for await (const _ of conn.stream(sql, values));
}

/** What a promise is rejected with; what a statement that was to fail gives otherwise is a failure too, and one that says so. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it was to fail, and did not')
}

const rows = (canary: string, last: Parameters): Parameters[] => [[`${canary}8`, `${canary}8`], [`${canary}9`, `${canary}9`], last]

async function* laterRows(canary: string): AsyncGenerator<Parameters> {
  yield* rows(canary, ['x', canary])
}

const other: Readonly<Record<string, (engine: AsyncEngine, canary: string, scene: Scene) => unknown>> = {
  'executeMany meets a constraint': (engine, canary) => engine.executeMany(insert, rows(canary, ['x', canary])),
  'executeMany meets a constraint, rows by name': (engine, canary) =>
    engine.executeMany('insert into t (id, u) values (:id, :u)', [{ id: canary, u: canary }]),
  'executeMany meets a constraint, rows from a generator': (engine, canary) => engine.executeMany(insert, laterRows(canary)),
  'executeMany meets a value that is none': (engine, canary) => engine.executeMany(insert, rows(canary, [canary, { canary }])),
  'executeMany meets a row that is too short': (engine, canary) => engine.executeMany(insert, rows(canary, [canary])),
  'executeMany meets a row that is none': (engine, canary) => engine.executeMany(insert, rows(canary, canary as unknown as Parameters)),
  'executeMany meets a message that repeats a value': (engine, canary) =>
    engine.executeMany(`insert into t (id) values (json_set('{}', ?, 1))`, [['$.a'], [canary]]),
  'executeMany is given no rows': (engine, canary) => engine.executeMany(insert, canary.length as unknown as Parameters[]),
  'a script fails behind a statement with a canary': async (engine, canary) => {
    await using conn = await engine.connect()
    await conn.execute('select ?', [canary])
    await conn.script('create temp table mine (a); selekt 1')
  },
  'scalar() fails': (engine, canary) => engine.scalar('select json_extract(?, ?)', ['{}', canary]),
  'one() finds nothing': (engine, canary) => engine.execute('select ? where 0', [canary]).one(),
  'one() finds too much': (engine, canary) => engine.execute('select ? union all select 1', [canary]).one(),
  'a result without rows is read': (engine, canary) => engine.execute('delete from t where id = ?', [`no ${canary}`]).fetchall(),
  'a closed result is read': async (engine, canary) => {
    const result = await engine.execute('select ?', [canary])
    await result.close()
    await result.fetchall()
  },
  'a result is asked for the key of an insert': async (engine, canary) => (await engine.execute('select ?', [canary])).insertedPrimaryKey,
  'a transaction has failed unseen': async (engine, canary) => {
    await using tx = await engine.begin()
    const failed = tx.execute(`select json_extract('{}', ?)`, [canary])
    await tx.commit().finally(() => failed.catch(() => {}))
  },
  'a write on a read-only connection': async (engine, canary) => {
    await using conn = await engine.connect({ readonly: true })
    await conn.execute('insert into t (id) values (?)', [`${canary}5`])
  },
  'an option of execute() is the canary': (engine, canary) => engine.execute('select 1', [], { rowMode: canary as 'array' }),
  'the time of execute() is the canary': (engine, canary) => engine.execute('select 1', [], { timeoutMs: canary as unknown as number }),
  'the signal of execute() is the canary': (engine, canary) => engine.execute('select 1', [], { signal: { canary } as never }),
  'the mode of begin() is the canary': (engine, canary) => engine.begin({ mode: canary as 'deferred' }),
  'the statement is an object with the canary': (engine, canary) => engine.execute({ sql: 'select ?', values: [canary] } as never),
  'the statement compiles to nonsense': (engine, canary) =>
    engine.execute({ compile: () => ({ sql: canary, parameters: canary }) } as never),
  'a function of the program fails': (engine, canary, { fail }) => engine.call(fail, 'fail', canary),
  'a function of the program fails later': (engine, canary, { fail }) => engine.call(fail, 'failLater', { password: canary }),
  'a function of the program is missing': (engine, canary, { fail }) => engine.call(fail, 'missing', canary),
  'a function of the program gives what cannot be cloned': (engine, canary, { fail }) => engine.call(fail, 'giveFunction', canary),
  'a symbol is passed to call()': (engine, canary, { fail }) => engine.call(fail, 'fail', Symbol(canary)),
  'a function is passed to call()': (engine, canary, { fail }) =>
    engine.call(
      fail,
      'fail',
      Object.assign(() => {}, { toString: () => canary, canary }),
    ),
  'a symbol is passed to the driver': async (engine, canary) => {
    await using conn = await engine.connect()
    await conn.driver.exec(Symbol(canary))
  },
  'the driver refuses what it is given': async (engine, canary) => {
    await using conn = await engine.connect()
    await conn.driver.exec({ canary })
  },
  'a member of the driver is missing': async (engine, canary) => {
    await using conn = await engine.connect()
    await conn.driver['missing']?.(canary)
  },
  'a backup is told of in a bad way': (engine, canary, { directory }) =>
    engine.backup(`${directory}/copy.db`, { onProgress: canary as unknown as () => void }),
}

async function callsSqlFunction(scene: Scene, sql: string): Promise<unknown> {
  const engine = await scene.open({ setup: scene.fail })
  await engine.execute('insert into parent values (1)')
  scene.show('the error of a write', await rejection(engine.execute(`insert into t (id) values (${sql})`, [scene.canary])))
  return engine.execute(`select ${sql}`, [scene.canary])
}

export const statementPaths: Paths = {
  ...named('a parameter and', refusedByDatabase, run),
  ...named('parameters:', refusedBeforehand, run),
  ...named('', other, (fail) => async (scene) => fail(await scene.engine(), scene.canary, scene)),
  'an SQL function of the program fails': (scene) => callsSqlFunction(scene, 'fail(?)'),
  'an SQL function of the program gives an object': (scene) => callsSqlFunction(scene, 'give_object(?)'),
}
