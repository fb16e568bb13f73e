import { availableParallelism } from 'node:os'
import { isAbsolute, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ArgumentError } from '../errors.ts'
import { dialectFor } from '../sql/dialect.ts'
import type { EngineURL } from '../sql/url.ts'
import { OptionReader } from './option-reader.ts'
import { type PragmaValue, resolvePragmas } from './pragmas.ts'

export type { PragmaValue } from './pragmas.ts'

/** Takes what the engine has to say: `console`, and every logger like it. */
export interface Logger {
  debug(...data: unknown[]): void
  info(...data: unknown[]): void
  warn(...data: unknown[]): void
  error(...data: unknown[]): void
}

/** The engine's connections for its users. */
export interface PoolOptions {
  /** Connections kept open even when idle. Default: 0. */
  readonly min?: number | undefined
  /** The most connections at once, one worker thread each on SQLite. 1 to 1,024. Default: 16. */
  readonly max?: number | undefined
  /** Milliseconds to wait for a connection before `PoolTimeoutError`. Default: 30,000. */
  readonly acquireTimeoutMs?: number | undefined
  /** Milliseconds after which an idle connection beyond `min` is closed. Default: 10,000. */
  readonly idleTimeoutMs?: number | undefined
  /** Callers that may wait for a connection before `PoolQueueFullError`. Default: 10,000. */
  readonly maxQueue?: number | undefined
}

/** Limits of each worker thread, as Node's `Worker` takes them. */
export interface WorkerLimits {
  readonly maxOldGenerationSizeMb?: number | undefined
  readonly maxYoungGenerationSizeMb?: number | undefined
  readonly codeRangeSizeMb?: number | undefined
  /** Default: 4. */
  readonly stackSizeMb?: number | undefined
}

/** What `createEngine` takes beside the URL; everything has a default. */
export interface EngineOptions {
  readonly pool?: PoolOptions | undefined
  /** SQLite: read-only connections for reads outside a transaction; 0 for none, at most 64. Default: 4, or the machine's parallelism if less. */
  readonly readers?: number | undefined
  /**
   * SQLite: pragmas of every connection, over and above `journal_mode: 'WAL'`, `synchronous: 'NORMAL'` and `foreign_keys: true`.
   * True and false are ON and OFF; null leaves one of these as it is: `journal_mode: null` that of the file.
   */
  readonly pragmas?: Readonly<Record<string, PragmaValue | null | undefined>> | undefined
  /**
   * What a commit survives: 'normal' a crash of the process, 'full' also the loss of power, for an fsync each (`synchronous=FULL`).
   * Default: 'normal'.
   */
  readonly durability?: 'normal' | 'full' | undefined
  /** SQLite: milliseconds a statement waits for the locks of other processes. Default: 5,000. */
  readonly busyTimeoutMs?: number | undefined
  /** Milliseconds a statement may take before `StatementTimeoutError`; 0 for no limit. Default: 0. */
  readonly statementTimeoutMs?: number | undefined
  /** INTEGER columns as numbers, with a `DataError` beyond 2^53, or all of them as bigints. Default: 'number'. */
  readonly integers?: 'number' | 'bigint' | undefined
  /** Prepared statements each connection keeps; 0 leaves none in a session of PostgreSQL, as poolers of transactions want it. Default: 256. */
  readonly statementCacheSize?: number | undefined
  /** Of each worker, as Node's `resourceLimits`; those of the heap also with `isolation: 'process'`. */
  readonly resourceLimits?: WorkerLimits | undefined
  /**
   * Path or `file:` URL of the worker file, where a bundler has parted it from the rest: `import.meta.resolve('offloop/worker')`, or a copy
   * of that file. Default: the one beside the code that asks for it.
   */
  readonly worker?: string | URL | undefined
  /** A module whose default export `(handle) => void` runs in the worker for each new connection: functions, aggregates, extensions. */
  readonly setup?: string | URL | undefined
  /** A driver of another package: its name, or the URL of its module. Default: the URL's driver. */
  readonly driver?: string | URL | undefined
  /** Prints each statement to stderr, or to `logger`. Default: false. */
  readonly echo?: boolean | undefined
  /** Gets warnings, and statements with `echo`. Default: all of it goes to stderr. */
  readonly logger?: Logger | undefined
  /** Keeps parameters out of what `echo` prints. They are in no error in any case. Default: true. */
  readonly hideParameters?: boolean | undefined
  /** Milliseconds after which a connection that is still checked out is reported with the stack of its checkout; 0 for never. Default: 0. */
  readonly leakDetectionMs?: number | undefined
  /** SQLite: the directory the database must lie in, symbolic links followed; relative paths stand on it. Default: any, the working directory. */
  readonly baseDirectory?: string | URL | undefined
  /** PostgreSQL, MySQL: where the driver runs. Default: 'worker'. */
  readonly placement?: 'worker' | 'main' | undefined
  /** PostgreSQL, MySQL: worker threads that the connections share. Default: 1. */
  readonly threads?: number | undefined
  /**
   * SQLite: what holds a connection. A process costs more, and is killed when a statement that is given up does not stop by itself: its
   * connection is lost, and the next one gets a fresh process. Default: 'thread'.
   */
  readonly isolation?: 'thread' | 'process' | undefined
  /**
   * SQLite: path of the interrupt extension, which `offloop build-interrupt` builds. With it a statement that is given up is stopped at once,
   * also inside a native call. Default: none.
   */
  readonly interrupt?: string | URL | undefined
  /** SQLite: true for files from strangers: `trusted_schema=OFF`, `cell_size_check=ON`. Default: false. */
  readonly untrusted?: boolean | undefined
  /** Bytes of rows a worker may hold for an open cursor that a statement has to overtake. Default: 64 MiB. */
  readonly maxBufferedBytes?: number | undefined
}

/** Options after every check, with every default in its place. Frozen. */
export interface ResolvedEngineOptions {
  readonly pool: Readonly<Record<'min' | 'max' | 'acquireTimeoutMs' | 'idleTimeoutMs' | 'maxQueue', number>>
  readonly readers: number
  /** In the order they are to be set. Empty for server databases. */
  readonly pragmas: readonly (readonly [name: string, value: string])[]
  readonly durability: 'normal' | 'full'
  readonly busyTimeoutMs: number
  /** Undefined: no limit. */
  readonly statementTimeoutMs: number | undefined
  readonly integers: 'number' | 'bigint'
  readonly statementCacheSize: number
  readonly resourceLimits: Readonly<Record<string, number>> | undefined
  /** An absolute path, not yet looked at. */
  readonly worker: string | undefined
  /** What the worker imports: a URL's text, or a package name. */
  readonly setup: string | undefined
  /** As `setup`; undefined: the URL's own driver. */
  readonly driver: string | undefined
  readonly echo: boolean
  readonly logger: Logger | undefined
  readonly hideParameters: boolean
  /** Undefined: off. */
  readonly leakDetectionMs: number | undefined
  /** An absolute path, not yet looked at. */
  readonly baseDirectory: string | undefined
  /** An absolute path, not yet looked at. */
  readonly interrupt: string | undefined
  readonly placement: 'worker' | 'main'
  readonly threads: number | undefined
  readonly isolation: 'thread' | 'process'
  readonly untrusted: boolean
  readonly maxBufferedBytes: number
}

const EMBEDDED_ONLY = ['readers', 'pragmas', 'baseDirectory', 'isolation', 'interrupt', 'untrusted'] as const
const SERVER_ONLY = ['placement', 'threads'] as const
const LIMIT_NAMES = ['maxOldGenerationSizeMb', 'maxYoungGenerationSizeMb', 'codeRangeSizeMb', 'stackSizeMb'] as const
/** With less a thread does not come up, and with less still V8 ends the whole process: out of memory, or a segmentation fault. */
const LEAST_LIMITS: Readonly<Partial<Record<string, number>>> = { maxOldGenerationSizeMb: 8, stackSizeMb: 0.5 }
/** The stack of a process is the system's. */
const THREAD_LIMITS = ['codeRangeSizeMb', 'stackSizeMb'] as const
const OPTION_NAMES = [
  ...['pool', 'durability', 'busyTimeoutMs', 'statementTimeoutMs', 'integers', 'statementCacheSize', 'resourceLimits', 'setup', 'driver'],
  ...['echo', 'logger', 'hideParameters', 'leakDetectionMs', 'maxBufferedBytes', 'worker'],
  ...EMBEDDED_ONLY,
  ...SERVER_ONLY,
]
const MAX_CONNECTIONS = 1_024
const MAX_READERS = 64
const MAX_CACHED_STATEMENTS = 1_000_000
const LOGGER_METHODS = ['debug', 'info', 'warn', 'error'] as const

/**
 * Checks what `createEngine` was given, each option read once, and fills in the defaults. No I/O.
 *
 * @throws {ArgumentError} an option is unknown, of the wrong type or out of range, or of no use to this database
 */
export function resolveEngineOptions(url: EngineURL, options: unknown): ResolvedEngineOptions {
  const reader = new OptionReader(options, 'engine option', OPTION_NAMES)
  const { embedded } = dialectFor(url.dialect)
  for (const name of embedded ? SERVER_ONLY : EMBEDDED_ONLY) {
    if (reader.has(name)) throw new ArgumentError(`Engine option "${name}" has no meaning for ${url.dialect}.`)
  }
  const durability = reader.choice('durability', ['normal', 'full'], 'normal')
  const untrusted = reader.flag('untrusted', false)
  const isolation = reader.choice('isolation', ['thread', 'process'], 'thread')
  if (isolation === 'process') checkIsolation(url, reader)
  const givenDurability = reader.has('durability') ? durability : undefined
  return Object.freeze<ResolvedEngineOptions>({
    pool: resolvePool(reader.take('pool')),
    readers: reader.integer('readers', { min: 0, max: MAX_READERS, fallback: Math.min(4, availableParallelism()) }),
    pragmas: embedded ? resolvePragmas(reader.take('pragmas'), { durability: givenDurability, untrusted }) : Object.freeze([]),
    durability,
    busyTimeoutMs: reader.milliseconds('busyTimeoutMs', 5_000),
    statementTimeoutMs: reader.milliseconds('statementTimeoutMs', 0) || undefined,
    integers: reader.choice('integers', ['number', 'bigint'], 'number'),
    statementCacheSize: reader.integer('statementCacheSize', { min: 0, max: MAX_CACHED_STATEMENTS, fallback: 256 }),
    resourceLimits: resolveLimits(reader.take('resourceLimits'), isolation),
    worker: resolvePath(reader.take('worker'), 'worker', "offloop's worker file"),
    setup: optionalModule(reader.take('setup'), 'setup'),
    driver: optionalModule(reader.take('driver'), 'driver'),
    echo: reader.flag('echo', false),
    logger: resolveLogger(reader.take('logger')),
    hideParameters: reader.flag('hideParameters', true),
    leakDetectionMs: reader.milliseconds('leakDetectionMs', 0) || undefined,
    baseDirectory: resolvePath(reader.take('baseDirectory'), 'baseDirectory', 'a directory'),
    interrupt: resolvePath(reader.take('interrupt'), 'interrupt', 'the built extension'),
    placement: reader.choice('placement', ['worker', 'main'], 'worker'),
    threads: reader.has('threads') ? reader.integer('threads', { min: 1, max: MAX_CONNECTIONS, fallback: 1 }) : undefined,
    isolation,
    untrusted,
    maxBufferedBytes: reader.integer('maxBufferedBytes', { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 64 * 1_048_576 }),
  })
}

/**
 * What a worker can import: a URL's text or a package name. An absolute path becomes a URL; a relative one is refused, as nobody can say
 * which file it would be relative to.
 *
 * @param subject what the module is for, to begin the message with: `Engine option "setup"`
 * @throws {ArgumentError} it is neither a URL nor the name of a package
 */
export function resolveModule(module: unknown, subject: string): string {
  if (module instanceof URL) return module.href
  if (typeof module !== 'string' || module === '' || module.includes('\0')) {
    throw new ArgumentError(`${subject} must be the URL of a module or the name of a package.`)
  }
  if (isAbsolute(module)) return pathToFileURL(module).href
  if (module.startsWith('.')) {
    throw new ArgumentError(`${subject} must not be a relative path: write new URL('./module.js', import.meta.url).`)
  }
  return module
}

function checkIsolation(url: EngineURL, reader: OptionReader): void {
  if (url.database === undefined || url.database === ':memory:') {
    throw new ArgumentError('A memory database lives in one process: isolation "process" needs a file.')
  }
  if (reader.has('interrupt'))
    throw new ArgumentError('Processes are killed, not interrupted: isolation "process" has no use for "interrupt".')
}

function resolvePool(value: unknown): ResolvedEngineOptions['pool'] {
  const reader = new OptionReader(value, 'pool option', ['min', 'max', 'acquireTimeoutMs', 'idleTimeoutMs', 'maxQueue'])
  const max = reader.integer('max', { min: 1, max: MAX_CONNECTIONS, fallback: 16 })
  const min = reader.integer('min', { min: 0, max: MAX_CONNECTIONS, fallback: 0 })
  if (min > max) throw new ArgumentError(`Pool option "min" (${min}) must not be greater than "max" (${max}).`)
  return Object.freeze({
    min,
    max,
    acquireTimeoutMs: reader.milliseconds('acquireTimeoutMs', 30_000),
    idleTimeoutMs: reader.milliseconds('idleTimeoutMs', 10_000),
    maxQueue: reader.integer('maxQueue', { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 10_000 }),
  })
}

function resolveLimits(value: unknown, isolation: 'thread' | 'process'): Readonly<Record<string, number>> | undefined {
  if (value === undefined) return undefined
  const reader = new OptionReader(value, 'worker limit', LIMIT_NAMES)
  const ofThreads = isolation === 'process' ? THREAD_LIMITS.find((name) => reader.has(name)) : undefined
  if (ofThreads !== undefined) throw new ArgumentError(`Worker limit "${ofThreads}" is for threads: isolation "process" has no use for it.`)
  const limits = LIMIT_NAMES.filter((name) => reader.has(name)).map((name) => [name, reader.positive(name, LEAST_LIMITS[name])] as const)
  return Object.freeze(Object.fromEntries(limits))
}

function optionalModule(value: unknown, name: string): string | undefined {
  return value === undefined ? undefined : resolveModule(value, `Engine option "${name}"`)
}

function resolveLogger(value: unknown): Logger | undefined {
  if (value === undefined) return undefined
  // Methods may be inherited: most loggers are instances of a class.
  const logger = typeof value === 'object' || typeof value === 'function' ? (value as Partial<Logger> | null) : null
  const missing = LOGGER_METHODS.filter((name) => typeof logger?.[name] !== 'function')
  if (missing.length > 0)
    throw new ArgumentError(`Engine option "logger" must have the methods of console; it lacks ${missing.join(', ')}.`)
  return logger as Logger
}

/** An absolute path of what `name` names, not yet looked at. */
function resolvePath(value: unknown, name: string, what: string): string | undefined {
  if (value === undefined) return undefined
  const refusal = `Engine option "${name}" must be the path or file: URL of ${what}.`
  if (value instanceof URL || (typeof value === 'string' && value.startsWith('file:'))) {
    try {
      return fileURLToPath(value)
    } catch (error) {
      throw new ArgumentError(refusal, { cause: error })
    }
  }
  if (typeof value !== 'string' || value === '' || value.includes('\0')) throw new ArgumentError(refusal)
  return resolve(value)
}
