import { createEngine, EngineURL } from 'offloop'
import { type BadInput, either, type Stage } from './bad-input.ts'
import { urlOf } from './scratch.ts'

// Objects that would write to the prototypes of all others if anything merged them.

const payloads: Readonly<Record<string, () => object>> = {
  __proto__: () => JSON.parse('{"__proto__":{"polluted":"yes"}}'),
  'constructor.prototype': () => JSON.parse('{"constructor":{"prototype":{"polluted":"yes"}}}'),
  prototype: () => JSON.parse('{"prototype":{"polluted":"yes"}}'),
  'a path in a name': () => JSON.parse('{"__proto__.polluted":"yes","constructor.prototype.polluted":"yes"}'),
  'a name in brackets': () => JSON.parse('{"__proto__[polluted]":"yes"}'),
  'a deep __proto__': () => JSON.parse('{"pool":{"__proto__":{"polluted":"yes"}},"pragmas":{"__proto__":{"polluted":"yes"}}}'),
}

const seats: Readonly<Record<string, (stage: Stage, payload: never) => unknown>> = {
  'options of createEngine': (stage, payload) => createEngine(urlOf(stage.driver, stage.newFile()), payload).close(),
  'pool of createEngine': (stage, pool) => createEngine(urlOf(stage.driver, stage.newFile()), { pool }).close(),
  'pragmas of createEngine': (stage, pragmas) => createEngine(urlOf(stage.driver, stage.newFile()), { pragmas }).close(),
  'resourceLimits of createEngine': (stage, resourceLimits) =>
    createEngine(urlOf(stage.driver, stage.newFile()), { resourceLimits }).close(),
  'parts of a URL': (_, parts) => new EngineURL(parts),
  'changes of a URL': (_, changes) => EngineURL.parse('mysql://host').with(changes),
  'the query of a URL': (_, query) => new EngineURL({ dialect: 'mysql', query }),
  'options of execute': ({ engine }, options) => engine.execute('select 1', [], options),
  'options of begin': ({ engine }, options) => engine.begin(options),
  'options of connect': ({ engine }, options) => engine.connect(options),
  'parameters by name': ({ engine }, params) => engine.execute('select :polluted', params),
  'a row of many': ({ engine }, row) => engine.executeMany('insert into t (a, b) values (:a, :polluted)', [row]),
  'an argument of call()': ({ engine }, payload) => engine.call(new URL('../faults/modules/fail.ts', import.meta.url), 'fail', payload),
}

/** Column names and parameter names that mean something to an object. */
const names = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '__defineGetter__',
  'valueOf',
  'then',
  'length',
  '0',
  '',
]

export function badPollution(): BadInput[] {
  const merged = Object.entries(seats).flatMap(([seat, give]) =>
    Object.entries(payloads).map(([what, make]) => either(`${what} in ${seat}`, async (stage) => give(stage, make() as never))),
  )
  const columns = names.map((name) => either(`a column ${JSON.stringify(name)}`, (stage) => readColumn(stage, name)))
  const urls = ['__proto__=1', '__proto__[polluted]=1', 'constructor.prototype.polluted=1'].map((query) =>
    either(`sqlite://?${query}`, async () => createEngine(`sqlite:///x.db?${query}`)),
  )
  const parameters = [':__proto__', ':constructor', '@toString', '$prototype'].map((name) =>
    either(`a parameter ${name}`, (stage) => bindName(stage, name)),
  )
  return [...merged, ...columns, ...urls, ...parameters]
}

/** As an own property it is read back like any other, and a second one of the same name is the one that counts. */
async function readColumn({ engine, connection }: Stage, name: string): Promise<void> {
  const quoted = name === '' ? '""' : engine.dialect.quoteIdentifier(name)
  for (const via of [engine, connection]) {
    const row = await via.execute<Record<string, unknown>>(`select 'first' as ${quoted}, 'yes' as ${quoted}, 1 as other`).one()
    if (!Object.hasOwn(row, name) || row[name] !== 'yes' || Object.keys(row).length !== 2) throw new Error(`read as ${JSON.stringify(row)}`)
  }
}

async function bindName({ engine }: Stage, placeholder: string): Promise<void> {
  const name = placeholder.slice(1)
  const given = Object.defineProperty({}, name, { value: 'yes', enumerable: true })
  if ((await engine.scalar(`select ${placeholder}`, given)) !== 'yes') throw new Error('another value was read')
  const missing = await engine.scalar(`select ${placeholder}`, {}).then(
    () => false,
    () => true,
  )
  if (!missing) throw new Error('an inherited value was bound')
}
