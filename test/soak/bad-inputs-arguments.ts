import type { AsyncTransaction } from 'offloop'
import { type BadInput, either, refused, type Stage } from './bad-input.ts'

// Arguments that are neither statements nor options: modules, names, files, rows, functions, sizes.

const module = new URL('../faults/modules/fail.ts', import.meta.url)

const nonsense: Readonly<Record<string, unknown>> = {
  undefined: undefined,
  null: null,
  'a number': 1,
  true: true,
  'a list': ['x'],
  'an object': { href: 'file:///x' },
  'a symbol': Symbol('s'),
  'a function': () => 'x',
  NaN: Number.NaN,
  'a bigint': 1n,
}

/** Functions of one argument that is to be something else. */
const takers: Readonly<Record<string, (stage: Stage, value: never) => unknown>> = {
  'engine.script': ({ engine }, text) => engine.script(text),
  'connection.script': ({ connection }, text) => connection.script(text),
  'engine.call': ({ engine }, target) => engine.call(target, 'default'),
  'connection.call, name': ({ connection }, name) => connection.call(module, name),
  'engine.backup': ({ engine }, file) => engine.backup(file),
  'connection.backup': ({ connection }, file) => connection.backup(file),
  'engine.transaction': ({ engine }, fn) => engine.transaction(fn === nonsense['a function'] ? (null as never) : fn),
  'connection.transaction': ({ connection }, fn) => connection.transaction(fn === nonsense['a function'] ? (null as never) : fn),
  'engine.hasTable': ({ engine }, name) => engine.hasTable(name),
  'engine.tableNames': ({ engine }, schema) => (schema === undefined ? engine.tableNames('missing') : engine.tableNames(schema)),
  'engine.executeMany, rows': ({ engine }, rows) => engine.executeMany('insert into t values (?, ?)', rows),
  'connection.executeMany, rows': ({ connection }, rows) => connection.executeMany('insert into t values (?, ?)', rows),
  fetchmany: async ({ engine }, size) =>
    (await engine.execute('select 1')).fetchmany(size === 1 ? (1.5 as never) : (size ?? (-1 as never))),
}

/** A name that is a number, a boolean or null is a value like any other: there is no such table. */
const values: ReadonlySet<string> = new Set(['engine.hasTable'])

const modules = [
  '',
  './relative.js',
  '../up.js',
  'no-such-package',
  'file:///no/such/file.js',
  'http://localhost/x.js',
  'x\0',
  'node:no-such',
  'data:text/javascript,throw new RangeError("no")',
  ' ',
]

const names = ['missing', '', '__proto__', 'constructor', 'toString', 'default\0', 'then']

const files = ['', 'x\0', '/no/such/folder/copy.db', '/', '/dev/full/x', '.']

async function* rejecting(): AsyncGenerator<never> {
  yield await Promise.reject(new RangeError('rejected by the rows'))
}

function* throwing(): Generator<readonly unknown[]> {
  yield [1, 2]
  throw new RangeError('thrown by the rows')
}

const rows: Readonly<Record<string, () => unknown>> = {
  'an iterator that throws': throwing,
  'an iterator that rejects': rejecting,
  'an iterator of nonsense': () => ({ [Symbol.iterator]: () => ({ next: () => 1 }) }),
  'an iterator that is none': () => ({ [Symbol.iterator]: 1 }),
  'an asynchronous iterator that is none': () => ({ [Symbol.asyncIterator]: () => null }),
  'a Proxy that is revoked': () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  },
  'a text': () => 'rows',
  'a list of texts': () => ['ab', 'cd'],
  'a list of null': () => [null],
  'a list of nothing': () => [undefined],
  'a list with a hole': () => new Array(1),
  'rows of different lengths': () => [[1, 2], [1]],
  'rows with names': () => [{ a: 1, b: 2 }],
  'a row whose getter throws': () => [[1, 2], Object.freeze(Object.defineProperty([1, 2], 1, { get: throwFrozen }))],
}

function throwFrozen(): never {
  throw Object.freeze(new RangeError('thrown by the input, and frozen'))
}

const ended: Readonly<Record<string, (tx: AsyncTransaction) => unknown>> = {
  execute: (tx) => tx.execute('select 1'),
  executeMany: (tx) => tx.executeMany('insert into t values (?, ?)', [[1, 2]]),
  script: (tx) => tx.script('select 1'),
  scalar: (tx) => tx.scalar('select 1'),
  call: (tx) => tx.call(module, 'missing'),
  begin: (tx) => tx.begin(),
  beginNested: (tx) => tx.beginNested(),
  transaction: (tx) => tx.transaction(async () => {}),
  commit: (tx) => tx.commit(),
  stream: (tx) => tx.stream('select 1')[Symbol.asyncIterator]().next(),
}

export function badArguments(): BadInput[] {
  const wrong = Object.entries(takers).flatMap(([taker, give]) =>
    Object.entries(nonsense).map(([what, value]) => {
      const expect = values.has(taker) ? either : refused
      return expect(`${taker}: ${what}`, (stage) => give(stage, value as never))
    }),
  )
  return [
    ...wrong,
    ...modules.map((text) => refused(`engine.call(${JSON.stringify(text)})`, ({ engine }) => engine.call(text, 'default'))),
    ...names.map((name) => refused(`engine.call(…, ${JSON.stringify(name)})`, ({ engine }) => engine.call(module, name))),
    ...files.map((file) => refused(`engine.backup(${JSON.stringify(file)})`, ({ engine }) => engine.backup(file))),
    ...Object.entries(rows).map(([what, make]) =>
      refused(`executeMany: the rows are ${what}`, ({ engine }) => engine.executeMany('insert into t values (?, ?)', make() as never)),
    ),
    ...Object.entries(ended).map(([what, use]) => refused(`${what} on an ended transaction`, (stage) => afterRollback(stage, use))),
    refused('engine.backup onto itself', ({ engine }) => engine.backup(engine.url.database ?? '')),
    refused('a member of the driver that is missing', async ({ connection }) => connection.driver['missing']?.(1)),
    refused('a prepared statement of the driver', async ({ connection }) => connection.driver['prepare']?.('select 1')),
    refused('a driver that is called with nonsense', async ({ connection }) => connection.driver.exec(1)),
    refused('a callback for the driver', async ({ connection }) => connection.driver['function']?.('f', () => 1)),
    refused('a transaction that throws', ({ engine }) => engine.transaction(() => Promise.reject(new RangeError('thrown by the input')))),
    refused('a transaction that throws at once', ({ engine }) =>
      engine.transaction(() => {
        throw new RangeError('thrown by the input')
      }),
    ),
  ]
}

async function afterRollback({ engine }: Stage, use: (tx: AsyncTransaction) => unknown): Promise<void> {
  const tx = await engine.begin()
  await tx.rollback()
  await use(tx)
}
