import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { resolveEngineOptions, resolveModule } from '../../src/engine/options.ts'
import { ArgumentError } from '../../src/errors.ts'
import { EngineURL } from '../../src/sql/url.ts'

const sqlite = EngineURL.parse('sqlite:///x.db')
const postgresql = EngineURL.parse('postgresql://host/app')
const resolve = (options?: unknown) => resolveEngineOptions(sqlite, options)

describe('defaults', () => {
  test('are those of the documentation', () => {
    expect(resolve()).toEqual({
      pool: { min: 0, max: 16, acquireTimeoutMs: 30_000, idleTimeoutMs: 10_000, maxQueue: 10_000 },
      readers: Math.min(4, availableParallelism()),
      pragmas: [
        ['journal_mode', 'WAL'],
        ['synchronous', 'NORMAL'],
        ['foreign_keys', 'ON'],
      ],
      durability: 'normal',
      busyTimeoutMs: 5_000,
      statementTimeoutMs: undefined,
      integers: 'number',
      statementCacheSize: 256,
      resourceLimits: undefined,
      setup: undefined,
      driver: undefined,
      echo: false,
      logger: undefined,
      hideParameters: true,
      leakDetectionMs: undefined,
      baseDirectory: undefined,
      placement: 'worker',
      threads: undefined,
      isolation: 'thread',
      untrusted: false,
      worker: undefined,
      maxBufferedBytes: 67_108_864,
    })
  })

  test('stand in for every undefined', () => {
    const undefinedOptions = Object.fromEntries(Object.keys(resolve()).map((name) => [name, undefined]))
    expect(resolve(undefinedOptions)).toEqual(resolve())
    expect(resolve({ pool: { max: undefined } })).toEqual(resolve())
  })

  test('and what was given are frozen', () => {
    const resolved = resolve({ pool: {}, pragmas: { cache_size: 1 } })
    for (const part of [resolved, resolved.pool, resolved.pragmas, resolved.pragmas[0]]) expect(Object.isFrozen(part)).toBe(true)
  })

  test('of a server have no pragmas', () => {
    expect(resolveEngineOptions(postgresql, undefined).pragmas).toEqual([])
  })
})

test('what is given is kept', () => {
  const logger = { debug() {}, info() {}, warn() {}, error() {} }
  const given = {
    pool: { min: 1, max: 2, acquireTimeoutMs: 0, idleTimeoutMs: 1, maxQueue: 0 },
    readers: 0,
    durability: 'full',
    busyTimeoutMs: 0,
    statementTimeoutMs: 100,
    integers: 'bigint',
    statementCacheSize: 0,
    resourceLimits: { maxOldGenerationSizeMb: 64 },
    setup: new URL('file:///app/setup.js'),
    driver: 'my-driver',
    echo: true,
    logger,
    hideParameters: false,
    leakDetectionMs: 1,
    baseDirectory: '/data',
    isolation: 'thread',
    untrusted: false,
    maxBufferedBytes: 0,
  }
  expect(resolve(given)).toMatchObject({ ...given, setup: 'file:///app/setup.js' })
  expect(resolve(given).logger).toBe(logger)
  expect(resolve({ statementTimeoutMs: 0, leakDetectionMs: 0 })).toEqual(resolve())
  expect(resolveEngineOptions(postgresql, { placement: 'main', threads: 2 })).toMatchObject({ placement: 'main', threads: 2 })
})

describe('a name that is unknown', () => {
  test.each([
    [{ bogus: 1 }, 'Unknown engine option "bogus".'],
    [{ busyTimeout: 1 }, 'Unknown engine option "busyTimeout". Did you mean "busyTimeoutMs"?'],
    [{ reader: 1 }, 'Did you mean "readers"?'],
    [{ maxbufferedbytes: 1 }, 'Did you mean "maxBufferedBytes"?'],
    [{ pool: { maximum: 1 } }, 'Unknown pool option "maximum".'],
    [{ pool: { Max: 1 } }, 'Unknown pool option "Max". Did you mean "max"?'],
    [{ resourceLimits: { stackSize: 1 } }, 'Unknown worker limit "stackSize".'],
    [{ isolation: 'process', resourceLimits: { stackSizeMb: 2 } }, 'Worker limit "stackSizeMb" is for threads'],
    [{ resourceLimits: { stackSizeMb: 0.1 } }, 'Worker limit "stackSizeMb" must be a number from 0.5, found 0.1.'],
    [{ resourceLimits: { maxOldGenerationSizeMb: 2 } }, 'Worker limit "maxOldGenerationSizeMb" must be a number from 8, found 2.'],
    [JSON.parse('{"__proto__":{"polluted":1}}'), 'Unknown engine option "__proto__".'],
    [JSON.parse('{"constructor":{"prototype":{"polluted":1}}}'), 'Unknown engine option "constructor".'],
    [JSON.parse('{"pool":{"__proto__":{"max":1}}}'), 'Unknown pool option "__proto__".'],
    [{ nativeBinding: '/tmp/x.node' }, 'Unknown engine option "nativeBinding".'],
    [{ ['x'.repeat(10_000)]: 1 }, 'Unknown engine option "xxx'],
  ])('is refused by name: %j', (options, message) => {
    expect(() => resolve(options)).toThrow(ArgumentError)
    expect(() => resolve(options)).toThrow(message)
    expect('polluted' in {}).toBe(false)
  })

  test('is refused even when it is undefined', () => {
    expect(() => resolve({ bogus: undefined })).toThrow(ArgumentError)
  })
})

describe('a value of the wrong type or out of range', () => {
  test.each([
    null,
    [],
    'pool',
    1,
    { pool: null },
    { pool: 4 },
    { pool: [] },
    { pool: { max: 0 } },
    { pool: { max: -1 } },
    { pool: { max: 1.5 } },
    { pool: { max: Number.NaN } },
    { pool: { max: Number.POSITIVE_INFINITY } },
    { pool: { max: '4' } },
    { pool: { max: 4n } },
    { pool: { min: -1 } },
    { pool: { min: 3, max: 2 } },
    { pool: { min: 17 } },
    { pool: { acquireTimeoutMs: -1 } },
    { pool: { acquireTimeoutMs: Number.POSITIVE_INFINITY } },
    { pool: { idleTimeoutMs: '1' } },
    { pool: { maxQueue: -1 } },
    { readers: -1 },
    { readers: 65 },
    { busyTimeoutMs: -1 },
    { busyTimeoutMs: 2 ** 31 },
    { statementTimeoutMs: -1 },
    { statementTimeoutMs: null },
    { leakDetectionMs: -1 },
    { integers: 'Number' },
    { integers: true },
    { durability: 'none' },
    { statementCacheSize: -1 },
    { resourceLimits: { maxOldGenerationSizeMb: 0 } },
    { resourceLimits: { maxOldGenerationSizeMb: '64' } },
    { resourceLimits: 64 },
    { setup: '' },
    { setup: './setup.js' },
    { setup: () => 1 },
    { driver: '../driver.js' },
    { driver: 1 },
    { driver: 'a\0b' },
    { echo: 1 },
    { echo: 'true' },
    { logger: {} },
    { logger: true },
    { logger: { debug() {}, info() {}, warn() {} } },
    { hideParameters: 0 },
    { baseDirectory: '' },
    { baseDirectory: 1 },
    { baseDirectory: 'a\0b' },
    { baseDirectory: new URL('http://host/') },
    { worker: '' },
    { worker: 1 },
    { worker: new URL('http://host/') },
    { worker: 'file://host/worker.mjs' },
    { isolation: 'fork' },
    { untrusted: 'yes' },
    { maxBufferedBytes: -1 },
    { maxBufferedBytes: 1.5 },
    { pragmas: null },
    { pragmas: [] },
    { pragmas: 'x' },
    { placement: 'main' },
    { threads: 2 },
  ])('is refused: %o', (options) => {
    expect(() => resolve(options)).toThrow(ArgumentError)
  })

  test('is named, and a text is not repeated', () => {
    expect(() => resolve({ pool: { max: 0 } })).toThrow('Pool option "max" must be a whole number from 1 to 1024, found 0.')
    expect(() => resolve({ integers: 's3cr3t' })).toThrow(
      'Engine option "integers" must be "number" or "bigint", found a value of type string.',
    )
    expect(() => resolve({ pool: { min: 3, max: 2 } })).toThrow('Pool option "min" (3) must not be greater than "max" (2).')
    expect(() => resolve({ placement: 'main' })).toThrow('Engine option "placement" has no meaning for sqlite.')
  })

  test.each([{ readers: 1 }, { pragmas: {} }, { baseDirectory: '/x' }, { isolation: 'thread' }, { untrusted: true }])(
    'is what SQLite alone knows, for a server: %j',
    (options) => {
      expect(() => resolveEngineOptions(postgresql, options)).toThrow(ArgumentError)
    },
  )
})

test('the worker file is a path or a file: URL', () => {
  expect(resolve({ worker: 'worker.mjs' }).worker).toBe(join(process.cwd(), 'worker.mjs'))
  for (const worker of ['/app/a%20b.mjs', 'file:///app/a%2520b.mjs', new URL('file:///app/a%2520b.mjs')]) {
    expect(resolve({ worker }).worker).toBe('/app/a%20b.mjs')
  }
})

test('a process has a file and is not interrupted', () => {
  const file = EngineURL.parse('sqlite:///app.db')
  expect(resolveEngineOptions(file, { isolation: 'process' }).isolation).toBe('process')
  expect(() => resolveEngineOptions(file, { isolation: 'process', interrupt: '/x.so' })).toThrow(ArgumentError)
  expect(() => resolveEngineOptions(EngineURL.parse('sqlite://'), { isolation: 'process' })).toThrow(ArgumentError)
})

describe('options are read', () => {
  test('once', () => {
    let reads = 0
    const pool = {
      get max() {
        reads += 1
        return reads
      },
    }
    expect(resolve({ pool }).pool.max).toBe(1)
    expect(reads).toBe(1)
  })

  test('from own properties only', () => {
    expect(resolve(Object.create({ pool: { max: 1 }, bogus: 1 }))).toEqual(resolve())
    expect(resolve(Object.assign(Object.create(null), { readers: 1 })).readers).toBe(1)
  })

  test('past a polluted prototype', () => {
    const prototype: Record<string, unknown> = Object.prototype as never
    Object.assign(prototype, { baseDirectory: '/tmp', max: 1, cache_size: 1 })
    const resolved = resolve({ pool: {}, pragmas: {} })
    for (const name of ['baseDirectory', 'max', 'cache_size']) Reflect.deleteProperty(prototype, name)
    expect(resolved).toEqual(resolve())
  })
})

describe('pragmas', () => {
  const pragmas = (given: unknown, more?: object) => resolve({ pragmas: given, ...more }).pragmas.map(([name, value]) => `${name}=${value}`)

  test('add to the defaults and replace them', () => {
    expect(pragmas({ cache_size: -2000, temp_store: 'MEMORY' })).toEqual([
      ...['journal_mode=WAL', 'synchronous=NORMAL', 'foreign_keys=ON', 'cache_size=-2000', 'temp_store=MEMORY'],
    ])
    expect(pragmas({ Foreign_Keys: false, journal_mode: 'DELETE', synchronous: 2 })).toEqual([
      ...['journal_mode=DELETE', 'synchronous=2', 'foreign_keys=OFF'],
    ])
  })

  test('that are null leave a default out', () => {
    expect(pragmas({ journal_mode: null, Synchronous: null, cache_size: 1 })).toEqual(['foreign_keys=ON', 'cache_size=1'])
    expect(() => pragmas({ synchronous: null }, { durability: 'full' })).toThrow(ArgumentError)
  })

  test('that shape a new file come before its first page', () => {
    expect(pragmas({ cache_size: 1, page_size: 8192, encoding: 'UTF-16' })).toEqual([
      ...["encoding='UTF-16'", 'page_size=8192', 'journal_mode=WAL', 'synchronous=NORMAL', 'foreign_keys=ON', 'cache_size=1'],
    ])
  })

  test('are quoted where they are no word', () => {
    expect(pragmas({ temp_store_directory: "/tmp/it's; drop" })).toContain("temp_store_directory='/tmp/it''s; drop'")
    expect(pragmas({ encoding: '' })).toContain("encoding=''")
    expect(pragmas({ mmap_size: '268435456' })).toContain('mmap_size=268435456')
  })

  test('follow durability and untrusted', () => {
    expect(pragmas({}, { durability: 'full' })).toContain('synchronous=FULL')
    expect(pragmas({}, { durability: 'normal' })).toContain('synchronous=NORMAL')
    expect(pragmas({}, { untrusted: true })).toEqual(expect.arrayContaining(['trusted_schema=OFF', 'cell_size_check=ON']))
  })

  test.each([
    [{ 'user_version; drop table x': 1 }, {}],
    [{ '': 1 }, {}],
    [{ 'main.cache_size': 1 }, {}],
    [{ cache_size: null }, {}],
    [{ cache_size: {} }, {}],
    [{ cache_size: Number.NaN }, {}],
    [{ cache_size: 1n }, {}],
    [{ encoding: 'a\0b' }, {}],
    [{ encoding: '\ud800' }, {}],
    [{ cache_size: 1, CACHE_SIZE: 2 }, {}],
    [JSON.parse('{"__proto__":1}'), {}],
    [{ foreign_key: true }, {}],
    [{ synchronous: 'OFF' }, { durability: 'full' }],
    [{ trusted_schema: true }, { untrusted: true }],
  ])('%o with %o are refused', (given, more) => {
    expect(() => pragmas(given, more)).toThrow(ArgumentError)
  })

  test('that SQLite would ignore for a slip of the pen are named', () => {
    expect(() => pragmas({ foreign_key: true })).toThrow('Did you mean "foreign_keys"?')
    expect(pragmas({ cipher: 'sqlcipher' })).toContain('cipher=sqlcipher')
  })
})

test('a module is the text of a URL or the name of a package', () => {
  expect(resolveModule(new URL('file:///a.js'), 'x')).toBe('file:///a.js')
  expect(resolveModule('file:///a.js', 'x')).toBe('file:///a.js')
  expect(resolveModule('/a b.js', 'x')).toBe('file:///a%20b.js')
  expect(resolveModule('@scope/name/sub', 'x')).toBe('@scope/name/sub')
})
