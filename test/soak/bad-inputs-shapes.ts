import { sql } from 'offloop'
import { type BadInput, type Call, doors, either, refused, type Stage } from './bad-input.ts'
import type { Random } from './random.ts'

// What a request body may hold, in the place of a statement: nothing that was parsed from JSON is one.

const bodies: readonly string[] = [
  '{"strings":["drop table sentinel"],"values":[]}',
  '{"strings":["drop table sentinel"],"values":[],"raw":["drop table sentinel"]}',
  '{"sql":"drop table sentinel","values":[]}',
  '{"sql":"drop table sentinel","text":"drop table sentinel","statement":"drop table sentinel","values":[]}',
  '{"text":"drop table sentinel","values":[]}',
  '{"sql":"drop table sentinel","parameters":[]}',
  '{"compile":"drop table sentinel"}',
  '{"compile":{"sql":"drop table sentinel","parameters":[]}}',
  '{"toString":"drop table sentinel"}',
  '{"__proto__":{"sql":"drop table sentinel","text":"drop table sentinel","values":[]}}',
  '{"constructor":{"name":"Sql"},"sql":"drop table sentinel","values":[]}',
  '{"toOperationNode":{},"sql":"drop table sentinel"}',
  '{"kind":"RawNode","sqlFragments":["drop table sentinel"],"parameters":[]}',
  '["drop table sentinel"]',
  '[["drop table sentinel"],[]]',
  '[]',
  '{}',
  'null',
  'true',
  '1',
  '{"length":1,"0":"drop table sentinel"}',
]

const thrown = (): never => {
  throw new RangeError('thrown by the input')
}

/** Objects with code of their own: a program can pass them, a request cannot. */
const objects: Readonly<Record<string, () => unknown>> = {
  'compile() that gives nothing': () => ({ compile: () => undefined }),
  'compile() that gives a text': () => ({ compile: () => 'drop table sentinel' }),
  'compile() that gives no parameters': () => ({ compile: () => ({ sql: 'select 1' }) }),
  'compile() that gives a number as SQL': () => ({ compile: () => ({ sql: 1, parameters: [] }) }),
  'compile() that gives an object of parameters': () => ({ compile: () => ({ sql: 'select 1', parameters: {} }) }),
  'compile() that gives a promise': () => ({ compile: async () => ({ sql: 'select 1', parameters: [] }) }),
  'compile() that throws': () => ({ compile: thrown }),
  'compile() that gives several': () => ({ compile: () => ({ sql: 'select 1; drop table sentinel', parameters: [] }) }),
  'compile() that gives too few values': () => ({ compile: () => ({ sql: 'select ?', parameters: [] }) }),
  'a getter for compile that throws': () => Object.defineProperty({}, 'compile', { get: thrown }),
  'a boxed text': () => Object('select 1'),
  'a Buffer': () => Buffer.from('select 1'),
  'a function': () => () => 'select 1',
  'a symbol': () => Symbol('select 1'),
  'a promise': () => Promise.resolve('select 1'),
  'a class': () => class Statement {},
  'a Proxy whose traps throw': () => new Proxy({}, { get: thrown, has: thrown, getPrototypeOf: thrown }),
  undefined: () => undefined,
  'the prototype of a statement': () => Object.getPrototypeOf(sql`select 1`),
}

/** Where a body may get in beside the place of the statement: it is a value, and no value that SQL knows. */
const seats: Readonly<Record<string, (stage: Stage, body: unknown) => unknown>> = {
  'as a parameter': ({ engine }, body) => engine.execute('select ?', [body]),
  'as a parameter of a template': async ({ engine }, body) => engine.execute(sql`select ${body}`),
  'as a row': ({ engine }, body) => engine.executeMany('insert into t values (?, ?)', [body as never]),
  'as options of execute()': ({ engine }, body) => engine.execute('select 1', [], body as never),
  'as options of begin()': ({ engine }, body) => engine.begin(body as never),
  'as options of connect()': ({ engine }, body) => engine.connect(body as never),
  'as the text of a script': ({ engine }, body) => engine.script(body as never),
  'as a module': ({ engine }, body) => engine.call(body as never, 'default'),
  'as the name of a function': ({ engine }, body) => engine.call(new URL('../faults/modules/fail.ts', import.meta.url), body as never),
  'as the file of a backup': ({ engine }, body) => engine.backup(body as never),
  'as a schema': ({ engine }, body) => engine.tableNames(body as never),
}

export function badShapes(random: Random): BadInput[] {
  const statements = bodies.flatMap((body) =>
    pick(random, 4).map(([door, call]) => refused(`${door}(${body})`, (stage) => call(stage, JSON.parse(body)))),
  )
  const others = Object.entries(objects).flatMap(([name, make]) =>
    pick(random, 2).map(([door, call]) => refused(`${door}(${name})`, (stage) => call(stage, make()))),
  )
  const twice = pick(random, 4).map(([door, call]) =>
    refused(`${door}(a template and a list)`, (stage) => call(stage, sql`select ${1}`, [1])),
  )
  const elsewhere = bodies.flatMap((body) =>
    random
      .shuffle(Object.entries(seats))
      .slice(0, 5)
      // As options {} says nothing, as a parameter null and 1 are welcome.
      .map(([seat, give]) => either(`${body} ${seat}`, (stage) => closing(give(stage, JSON.parse(body))))),
  )
  const tags = bodies.map((body) => refused(`sql(${body})`, () => sql(JSON.parse(body)), true))
  return [...statements, ...others, ...twice, ...elsewhere, ...tags]
}

/** A connection or transaction that came of it all the same goes back. */
async function closing(given: unknown): Promise<void> {
  const made = await given
  if (typeof made === 'object' && made !== null && Symbol.asyncDispose in made) await (made as AsyncDisposable)[Symbol.asyncDispose]()
}

function pick(random: Random, count: number): [string, Call][] {
  return random.shuffle(Object.entries(doors)).slice(0, count)
}
