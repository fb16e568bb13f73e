import { sql } from 'offloop'
import { type BadInput, type Call, doors, legal, refused, type Stage } from './bad-input.ts'
import type { Random } from './random.ts'

// Values that are no parameter, and objects that are no list of parameters.

const thrown = (): never => {
  throw new TypeError('thrown by the input')
}

class Point {
  x = 1
  toString = thrown
  valueOf = thrown
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {})
  revoke()
  return proxy
}

function detached(): Uint8Array {
  const view = new Uint8Array(8)
  structuredClone(view.buffer, { transfer: [view.buffer] })
  return view
}

function argumentsOf(..._: unknown[]): IArguments {
  // biome-ignore lint/complexity/noArguments: the very object is what is passed
  return arguments
}

/** Each of them is made anew for each input. */
const values: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  NaN: () => Number.NaN,
  'a bigint above 64 bits': () => 2n ** 63n,
  'a bigint below 64 bits': () => -(2n ** 63n) - 1n,
  'a huge bigint': () => 10n ** 400n,
  'half a surrogate pair': () => '\ud800',
  'half a surrogate pair behind 64 KB': () => `${'x'.repeat(65_536)}\udc00`,
  'a symbol': () => Symbol('s'),
  'a well-known symbol': () => Symbol.iterator,
  'a function': () => () => 1,
  'an async function': () => async () => 1,
  'a generator function': () => function* () {},
  'a class': () => Point,
  'an object': () => ({}),
  'an object without a prototype': () => Object.create(null),
  'an object with a value': () => ({ value: 1 }),
  'an array': () => [],
  'an array of arrays': () => [[1]],
  'a Map': () => new Map(),
  'a Set': () => new Set([1]),
  'a WeakMap': () => new WeakMap(),
  'a WeakRef': () => new WeakRef({}),
  'a promise': () => Promise.resolve(1),
  'a thenable': () => ({ [['th', 'en'].join('')]: thrown }),
  'a RegExp': () => /x/,
  'an Error': () => new Error('x'),
  'a URL': () => new URL('https://example.com'),
  'an invalid Date': () => new Date(Number.NaN),
  'what only inherits from Date': () => Object.create(Date.prototype),
  'a boxed number': () => Object(1),
  'a boxed text': () => Object('x'),
  'a boxed boolean': () => Object(true),
  'a boxed bigint': () => Object(1n),
  'a boxed symbol': () => Object(Symbol('s')),
  'an object of a class whose methods throw': () => new Point(),
  'an object whose getters throw': () => Object.defineProperty({}, 'x', { get: thrown, enumerable: true }),
  'an object that turns itself into a number': () => ({ [Symbol.toPrimitive]: thrown }),
  'an object with a tag that throws': () => Object.defineProperty({}, Symbol.toStringTag, { get: thrown }),
  'a Float64Array': () => new Float64Array(1),
  'a BigInt64Array': () => new BigInt64Array(1),
  'a Uint16Array': () => new Uint16Array(1),
  'a Uint8ClampedArray': () => new Uint8ClampedArray(1),
  'an Int8Array': () => new Int8Array(1),
  'a DataView': () => new DataView(new ArrayBuffer(1)),
  'a SharedArrayBuffer': () => new SharedArrayBuffer(1),
  'a detached array': detached,
  'a detached buffer': () => detached().buffer,
  'what only inherits from Uint8Array': () => Object.create(Uint8Array.prototype),
  'what only inherits from Buffer': () => Object.create(Buffer.prototype),
  'a Proxy': () => new Proxy({}, {}),
  'a Proxy of bytes': () => new Proxy(new Uint8Array(1), {}),
  'a Proxy of a Date': () => new Proxy(new Date(), {}),
  'a Proxy whose traps throw': () => new Proxy({}, { get: thrown, getPrototypeOf: thrown, ownKeys: thrown, has: thrown }),
  'a revoked Proxy': () => revoked({}),
  'a Blob': () => new Blob(['x']),
  'an AbortSignal': () => AbortSignal.abort(),
  'a MessagePort': () => new MessageChannel().port1,
  globalThis: () => globalThis,
  Math: () => Math,
  'an iterator': () => [1][Symbol.iterator](),
  'the arguments of a function': () => argumentsOf(1),
}

const welcome: Readonly<Record<string, () => unknown>> = {
  null: () => null,
  'minus zero': () => -0,
  Infinity: () => Number.POSITIVE_INFINITY,
  'a negative bigint': () => -5n,
  'a text with NUL': () => 'a\0b',
  'an empty text': () => '',
  'a text of SQL': () => "'; drop table sentinel; --",
  'no bytes': () => new Uint8Array(0),
  'bytes of shared memory': () => new Uint8Array(new SharedArrayBuffer(4)),
  'a buffer that can grow': () => new ArrayBuffer(4, { maxByteLength: 8 }),
  'a Buffer of a pool': () => Buffer.from('x'),
  'a Date whose methods lie': () => Object.assign(new Date(0), { toISOString: thrown }),
}

type Give = (stage: Stage, value: unknown) => unknown

/** Ways for one value to get in, each with a place of its own in the message. */
const places: Readonly<Record<string, Give>> = {
  'as the only one': ({ engine }, value) => engine.execute('select ?', [value]),
  'behind others': ({ connection }, value) => connection.execute('select ?, ?, ?', [1, 'x', value]),
  'by name': ({ engine }, value) => engine.execute('select :value', { value }).fetchall(),
  'by number': ({ connection }, value) => connection.scalar('select ?1', [value]),
  'in a template': async ({ engine }, value) => engine.execute(sql`select ${value}`),
  'in a compiled query': ({ connection }, value) => connection.execute({ compile: () => ({ sql: 'select ?', parameters: [value] }) }),
  'in a row of many': ({ engine }, value) =>
    engine.executeMany('insert into t values (?, ?)', [
      [1, 2],
      [3, value],
    ]),
  'in a transaction': (stage, value) => stage.inTransaction((tx) => tx.execute('insert into t values (?, 1)', [value])),
}

const containers: Readonly<Record<string, () => unknown>> = {
  null: () => null,
  'a text': () => 'x',
  'a number': () => 1,
  'a boolean': () => true,
  'a bigint': () => 1n,
  'a symbol': () => Symbol('s'),
  'a function': () => () => [1],
  'a class': () => Point,
  'a Map': () => new Map([['a', 1]]),
  'a Set': () => new Set([1]),
  'a Date': () => new Date(0),
  'a promise of a list': () => Promise.resolve([1]),
  'a generator': () => (function* () {})(),
  'a list with a hole': () => new Array(1),
  'a list that is too long': () => [1, 2],
  'an empty list': () => [],
  'what looks like a list': () => ({ length: 1, 0: 1 }),
  'a list whose element throws': () => Object.defineProperty([1], 0, { get: thrown }),
  bytes: () => new Uint8Array([1]),
  'a Float64Array': () => new Float64Array([1]),
  'an object without names': () => ({}),
  'an object with another name': () => ({ b: 1 }),
  'an object with a name too many': () => ({ a: 1, b: 2 }),
  'an object that inherits the name': () => Object.create({ a: 1 }),
  'an object whose getter throws': () => Object.defineProperty({}, 'a', { get: thrown, enumerable: true }),
  'an object with a hidden name': () => Object.defineProperty({}, 'a', { value: 1 }),
  'an object with __proto__': () => JSON.parse('{"a":1,"__proto__":{"b":1}}'),
  'a revoked Proxy': () => revoked({}),
  'a revoked Proxy of a list': () => revoked([]),
  'a Proxy whose traps throw': () => new Proxy({ a: 1 }, { ownKeys: thrown, get: thrown, getOwnPropertyDescriptor: thrown }),
  'a Proxy of a list whose traps throw': () => new Proxy([1], { get: thrown }),
  'the arguments of a function': () => argumentsOf(1, 2),
}

export function badValues(random: Random): BadInput[] {
  const inputs = Object.entries(values).flatMap(([name, make]) =>
    pickPlaces(random, 5).map(([place, give]) => refused(`${name}, ${place}`, (stage) => give(stage, make()))),
  )
  const fine = Object.entries(welcome).flatMap(([name, make]) =>
    pickPlaces(random, 3).map(([place, give]) => legal(`${name}, ${place}`, (stage) => give(stage, make()))),
  )
  const lists = Object.entries(containers).flatMap(([name, make]) => [
    // `:a` is met by no list and `?` by no object, so one of the two is wrong in any case.
    ...pickDoors(random, 2).map(([door, call]) =>
      refused(`${door}('select ?', ${name})`, (stage) => call(stage, 'insert into t values (?, 7)', make())),
    ),
    ...pickDoors(random, 2).map(([door, call]) =>
      refused(`${door}('select :a', ${name})`, (stage) => call(stage, 'insert into t values (:a, 7)', make())),
    ),
  ])
  return [...inputs, ...fine, ...lists]
}

function pickPlaces(random: Random, count: number): [string, Give][] {
  return random.shuffle(Object.entries(places)).slice(0, count)
}

function pickDoors(random: Random, count: number): [string, Call][] {
  return random.shuffle(Object.entries(doors)).slice(0, count)
}
