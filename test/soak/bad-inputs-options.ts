import { createEngine } from 'offloop'
import { type BadInput, either, refused, type Stage } from './bad-input.ts'
import type { Random } from './random.ts'
import { urlOf } from './scratch.ts'

// Options of every call: names that are none, values of the wrong type or out of range.

/** What an option takes, in one word: every value of another kind is wrong. */
type Kind = 'flag' | 'count' | 'positive' | 'time' | 'object' | 'text' | 'path' | 'signal' | 'function' | 'logger' | readonly string[]

type Kinds = Readonly<Record<string, Kind>>

const values: Readonly<Record<string, { readonly value: unknown; readonly fits: (kind: Kind) => boolean }>> = {
  null: { value: null, fits: () => false },
  'a text': { value: 'x', fits: (kind) => kind === 'text' || kind === 'path' },
  'an empty text': { value: '', fits: (kind) => kind === 'text' },
  'a text with NUL': { value: 'x\0', fits: () => false },
  '1': { value: 1, fits: (kind) => kind === 'count' || kind === 'positive' || kind === 'time' },
  '-1': { value: -1, fits: () => false },
  '1.5': { value: 1.5, fits: (kind) => kind === 'time' || kind === 'positive' },
  NaN: { value: Number.NaN, fits: () => false },
  Infinity: { value: Number.POSITIVE_INFINITY, fits: (kind) => kind === 'time' },
  '1n': { value: 1n, fits: () => false },
  true: { value: true, fits: (kind) => kind === 'flag' },
  "'true'": { value: 'true', fits: (kind) => kind === 'text' || kind === 'path' },
  '[]': { value: [], fits: () => false },
  '{}': { value: {}, fits: (kind) => kind === 'object' },
  'a symbol': { value: Symbol('s'), fits: () => false },
  'a function': { value: () => {}, fits: (kind) => kind === 'function' },
  'a Map': { value: new Map(), fits: (kind) => kind === 'object' },
}

const engineKinds: Kinds = {
  pool: 'object',
  readers: 'count',
  pragmas: 'object',
  durability: ['normal', 'full'],
  busyTimeoutMs: 'count',
  statementTimeoutMs: 'count',
  integers: ['number', 'bigint'],
  statementCacheSize: 'count',
  resourceLimits: 'object',
  setup: 'text',
  driver: 'text',
  echo: 'flag',
  logger: 'logger',
  hideParameters: 'flag',
  leakDetectionMs: 'count',
  baseDirectory: 'path',
  isolation: ['thread', 'process'],
  interrupt: 'path',
  worker: 'path',
  untrusted: 'flag',
  maxBufferedBytes: 'count',
}
const poolKinds: Kinds = { min: 'count', max: 'count', acquireTimeoutMs: 'count', idleTimeoutMs: 'count', maxQueue: 'count' }
const limitKinds: Kinds = { maxOldGenerationSizeMb: 'positive', stackSizeMb: 'positive' }
const executeKinds: Kinds = {
  signal: 'signal',
  timeoutMs: 'time',
  rowMode: ['object', 'array'],
  integers: ['number', 'bigint'],
  serverTexts: 'flag',
  batchRows: 'count',
}
const beginKinds: Kinds = {
  mode: ['deferred', 'immediate', 'exclusive'],
  readonly: 'flag',
  isolationLevel: ['read uncommitted', 'read committed', 'repeatable read', 'serializable'],
  signal: 'signal',
  timeoutMs: 'time',
}
const connectKinds: Kinds = { signal: 'signal', timeoutMs: 'time', readonly: 'flag' }
const closeKinds: Kinds = { force: 'flag', timeoutMs: 'time' }
const backupKinds: Kinds = { onProgress: 'function', signal: 'signal' }

interface Taker {
  readonly name: string
  readonly kinds: Kinds
  readonly throws: boolean
  /** Options that are legal leave nothing open. */
  readonly give: (stage: Stage, options: unknown) => unknown
}

const takers: readonly Taker[] = [
  { name: 'createEngine', kinds: engineKinds, throws: true, give: makeEngine },
  { name: 'pool of createEngine', kinds: poolKinds, throws: true, give: (stage, pool) => makeEngine(stage, { pool }) },
  { name: 'resourceLimits', kinds: limitKinds, throws: true, give: (stage, resourceLimits) => makeEngine(stage, { resourceLimits }) },
  {
    name: 'engine.execute',
    kinds: executeKinds,
    throws: false,
    give: ({ engine }, options) => engine.execute('select 1', [], options as never),
  },
  {
    name: 'connection.scalar',
    kinds: executeKinds,
    throws: false,
    give: ({ connection }, options) => connection.scalar('select 1', [], options as never),
  },
  {
    name: 'engine.stream',
    kinds: executeKinds,
    throws: false,
    give: async ({ engine }, options) => {
      for await (const _ of engine.stream('select 1', [], options as never));
    },
  },
  {
    name: 'engine.begin',
    kinds: beginKinds,
    throws: false,
    give: async ({ engine }, options) => (await engine.begin(options as never)).rollback(),
  },
  {
    name: 'engine.transaction',
    kinds: { ...beginKinds, retries: 'count' },
    throws: false,
    give: ({ engine }, options) => engine.transaction(async () => {}, options as never),
  },
  {
    name: 'connection.begin',
    kinds: beginKinds,
    throws: false,
    give: async ({ connection }, options) => (await connection.begin(options as never)).rollback(),
  },
  {
    name: 'engine.connect',
    kinds: connectKinds,
    throws: false,
    give: async ({ engine }, options) => (await engine.connect(options as never)).close(),
  },
  {
    name: 'engine.backup',
    kinds: backupKinds,
    throws: false,
    give: (stage, options) => stage.engine.backup(stage.newFile(), options as never),
  },
  { name: 'engine.close', kinds: closeKinds, throws: false, give: closeEngine },
]

function makeEngine(stage: Stage, options: unknown): Promise<void> {
  return createEngine(urlOf(stage.driver, stage.newFile()), options as never).close()
}

async function closeEngine(stage: Stage, options: unknown): Promise<void> {
  const engine = createEngine(urlOf(stage.driver, stage.newFile()))
  try {
    await engine.close(options as never)
  } finally {
    await engine.close()
  }
}

/** Names that are no option's, some of them names of something else. */
const noNames = ['x', '', 'timeoutMS', 'Pool', 'read-only', '__proto__', 'constructor', 'toString', '\ud800', 'x'.repeat(10_000), '0']

const noOptions: Readonly<Record<string, unknown>> = {
  null: null,
  'a text': 'x',
  'a number': 1,
  true: true,
  'a list': [1],
  'a symbol': Symbol('s'),
}

const pragmas: readonly (readonly [string, unknown])[] = [
  ['journal_mode; drop table sentinel', 'wal'],
  ['journal_modes', 'wal'],
  ['__proto__', 1],
  ['cache_size', Number.NaN],
  ['cache_size', {}],
  ['cache_size', '1\0'],
  ['cache_size', '\ud800'],
]

export function badOptions(random: Random): BadInput[] {
  return takers
    .flatMap((taker) => [...wrongValues(taker, random), ...wrongNames(taker), ...wrongObjects(taker), ...getters(taker)])
    .concat(
      pragmas.map(([name, value]) =>
        refused(`pragmas: ${JSON.stringify(name)}`, (stage) => makeEngine(stage, { pragmas: own(name, value) }), true),
      ),
      refused('pool: min above max', (stage) => makeEngine(stage, { pool: { min: 3, max: 2 } }), true),
      refused('readonly and immediate', ({ engine }) => engine.begin({ readonly: true, mode: 'immediate' })),
      refused('an option of a server', (stage) => makeEngine(stage, { threads: 1 }), true),
      refused('processes for a memory database', () => createEngine('sqlite://', { isolation: 'process' }), true),
    )
}

function wrongValues({ name, kinds, throws, give }: Taker, random: Random): BadInput[] {
  return Object.entries(kinds).flatMap(([option, kind]) =>
    random
      .shuffle(Object.entries(values).filter(([, { fits }]) => !fits(kind)))
      .slice(0, 8)
      .map(([what, { value }]) => refused(`${name}: ${option} is ${what}`, (stage) => give(stage, { [option]: value }), throws)),
  )
}

function wrongNames({ name, throws, give }: Taker): BadInput[] {
  return noNames.map((option) => refused(`${name}: ${JSON.stringify(option.slice(0, 20))}`, (stage) => give(stage, own(option, 1)), throws))
}

function wrongObjects({ name, throws, give }: Taker): BadInput[] {
  return Object.entries(noOptions).map(([what, options]) =>
    refused(`${name}: the options are ${what}`, (stage) => give(stage, options), throws),
  )
}

/** Options are data: what is inherited is none, and what a getter throws is its own affair. */
function getters({ name, kinds, throws, give }: Taker): BadInput[] {
  const [option = ''] = Object.keys(kinds)
  const get = (): never => {
    throw new TypeError('thrown by the input')
  }
  const inherited = either(`${name}: ${option} is inherited`, (stage) => give(stage, Object.create({ [option]: undefined })))
  return [
    refused(`${name}: ${option} throws`, (stage) => give(stage, Object.defineProperty({}, option, { get, enumerable: true })), throws),
    inherited,
  ]
}

/** An object with an own property, whatever that is called. */
function own(name: string, value: unknown): object {
  return Object.defineProperty({}, name, { value, enumerable: true })
}
