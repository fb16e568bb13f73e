import type BetterSqlite3 from 'better-sqlite3'
import type { WireColumn, WireValue } from '../../src/protocol/values.ts'
import type { WireError, WireErrorFamily } from '../../src/protocol/wire-error.ts'
import type {
  BackupProgress,
  Driver,
  DriverConnection,
  DriverRow,
  DriverStatement,
  OpenOptions,
  RowIterator,
  RowsOfValues,
  RunResult,
} from './driver.ts'
import { FileGuard } from './file-guard.ts'
import { FirstRows } from './inner-query.ts'
import { RowPusher } from './row-pusher.ts'
import {
  type BindableValue,
  ColumnMemo,
  checkDatabaseName,
  compile,
  lookBeforeScript,
  type ProgramFacts,
  type ProgramStep,
  prepareConnection,
  readProgram,
  SchemaClock,
  SqliteGroups,
  StatementText,
  toNamed,
  toPositional,
  toWireColumn,
  UNKNOWN_FACTS,
} from './sqlite.ts'
import { allOrNoFile, BACKUP_PAGES_PER_STEP, BackupWatch, backupBusy, checkBackupFile, copySnapshot } from './sqlite-backup.ts'
import { codeName } from './sqlite-codes.ts'
import {
  DriverFault,
  faultToWireError,
  loadFault,
  refusalToWireError,
  sqliteToWireError,
  toOpenError,
  userErrorToWire,
} from './sqlite-errors.ts'
import { RowsRunner } from './sqlite-rows.ts'

type Constructor = typeof BetterSqlite3
/** `explain` is part of the driver since 13.0 and not yet of its types. */
type Handle = BetterSqlite3.Database & { explain(sql: string): readonly ProgramStep[] }
const NO_BINDINGS: unknown[] = []
type NativeStatement = BetterSqlite3.Statement<unknown[], DriverRow>

/** Persistent references to strings, which better-sqlite3 13 makes without asking: an older Node dies of a SIGSEGV there. */
const REQUIRED_NODE_API = 10

let loaded: Constructor | undefined
let urisAreHonoured: boolean | undefined

/** SQLite by better-sqlite3: the fastest way, with a SQLite of its own. */
export const betterSqlite3Driver: Driver = {
  name: 'better-sqlite3',
  dialect: 'sqlite',
  capabilities: { threadSafe: false, cancel: 'row', backup: true, columnOrigins: true, blockedByCursors: 'writes', freshBytes: true },
  load: async () => {
    await load()
  },
  open,
  toWireError: (error) => toOpenError(toWireError(error)),
}

async function open(options: OpenOptions): Promise<DriverConnection> {
  const Database = await load()
  checkDatabaseName(options)
  if (options.uri) requireUris(Database)
  const handle = openHandle(Database, options)
  try {
    await prepareConnection(
      { exec: (sql) => handle.exec(sql), isBusy: (error) => toWireError(error).driverCode?.startsWith('SQLITE_BUSY') ?? false },
      options,
    )
    return new BetterSqlite3Connection(handle, options)
  } catch (error) {
    handle.close()
    throw error
  }
}

/** @throws {DriverFault} `driverLoad`: the package is missing, or its binary does not fit this Node */
async function load(): Promise<Constructor> {
  if (loaded !== undefined) return loaded
  const { napi, node } = process.versions
  if (Number(napi) < REQUIRED_NODE_API) {
    throw new DriverFault(
      'driverLoad',
      `better-sqlite3 needs Node-API ${REQUIRED_NODE_API}, which Node.js has since 22.14; this is Node.js ${node} with Node-API ${napi}.`,
    )
  }
  try {
    const { default: Database } = await import('better-sqlite3')
    // The binary is loaded by the first database, not by the import.
    new Database(':memory:').close()
    loaded = Database
    return Database
  } catch (error) {
    throw loadFault('better-sqlite3', error)
  }
}

/**
 * Without URIs, a file literally named `file:…` would be made. The name of a VFS that does not exist tells without making anything:
 * read as a URI it is SQLITE_ERROR, read as a path there is no such file.
 *
 * @throws {DriverFault} `driverLoad`
 */
function requireUris(Database: Constructor): void {
  if (urisAreHonoured === undefined) {
    try {
      new Database('file:/offloop?vfs=offloop-no-such-vfs', { readonly: true }).close()
      urisAreHonoured = false
    } catch (error) {
      urisAreHonoured = error instanceof Database.SqliteError && error.code === 'SQLITE_ERROR'
    }
  }
  if (urisAreHonoured) return
  throw new DriverFault(
    'driverLoad',
    'better-sqlite3 was loaded without SQLITE_USE_URI=1 in the environment of the process, and shared memory databases need it: set it there. ' +
      'offloop does so by itself unless something else loads better-sqlite3 earlier, or the engine is used in a worker thread, such as one of Vitest.',
  )
}

function openHandle(Database: Constructor, options: OpenOptions): Handle {
  return new Database(options.database, {
    readonly: options.readonly,
    fileMustExist: options.mustExist,
    timeout: options.busyTimeoutMs,
  }) as Handle
}

class BetterSqlite3Connection implements DriverConnection {
  readonly #handle: Handle
  readonly #file: string | undefined
  readonly #fileGuard: FileGuard | null
  readonly #busyTimeoutMs: number
  readonly #clock: SchemaClock
  readonly groups: SqliteGroups
  readonly #pusher: RowPusher
  #lastRowid: BetterSqlite3.Statement<[], bigint> | undefined

  constructor(handle: Handle, options: OpenOptions) {
    this.#handle = handle
    this.#file = options.uri ? undefined : options.database
    this.#fileGuard = FileGuard.watch(this.#file)
    this.#busyTimeoutMs = options.busyTimeoutMs
    const schemaVersion = handle.prepare<[], number>('PRAGMA schema_version').pluck()
    this.#clock = new SchemaClock(() => schemaVersion.get() as number)
    this.groups = new SqliteGroups((sql) => firstValues(handle.prepare(sql)), this.#clock)
    this.#pusher = new RowPusher(handle)
  }

  get handle(): object {
    this.#clock.distrust()
    return this.#handle
  }

  get inTransaction(): boolean {
    return this.#handle.inTransaction
  }

  prepare(sql: string, names: readonly string[] | null): DriverStatement {
    const statement = compile(
      () => this.#handle.prepare<unknown[], DriverRow>(sql),
      (text) => this.#handle.exec(text),
    )
    return new BetterSqlite3Statement(statement.reader ? exactRows(statement) : statement, names, {
      clock: this.#clock,
      pusher: this.#pusher,
      explain: (text) => this.#handle.explain(text),
      prepare: (text) => this.#handle.prepare(text),
      lastRowid: () => this.lastRowid(),
    })
  }

  script(sql: string): void {
    if (/attach/i.test(sql)) this.#clock.distrust()
    this.#clock.tick()
    lookBeforeScript(sql, (text) => this.#handle.exec(text))
    this.#handle.exec(sql)
  }

  lastRowid(): bigint {
    // Not before it is needed: to prepare it reads the schema, which must wait while another connection writes a memory database.
    this.#lastRowid ??= this.#handle.prepare<[], bigint>('SELECT last_insert_rowid()').pluck().safeIntegers()
    // A query without FROM always has its one row.
    return this.#lastRowid.get() as bigint
  }

  assertInPlace(): void {
    this.#fileGuard?.assertInPlace()
  }

  interruptToken(extension: string): number {
    this.#handle.loadExtension(extension)
    return this.#handle.prepare<[], number>('SELECT offloop_interrupt_token()').pluck().get() as number
  }

  async backup(file: string, onProgress: (progress: BackupProgress) => boolean): Promise<void> {
    checkBackupFile(file, this.#file)
    const watch = new BackupWatch(onProgress, this.#busyTimeoutMs)
    // Throwing is the way to abort.
    const progress = (step: BackupProgress): number => {
      watch.step(step)
      return BACKUP_PAGES_PER_STEP
    }
    await allOrNoFile(file, async () => {
      const { totalPages } = await copySnapshot(this, watch, () => this.#handle.backup(file, { progress }))
      // When the first step finds a lock the driver knows of no pages at all, takes that for the end and reports success.
      if (totalPages === 0 && this.#handle.prepare('PRAGMA page_count').pluck().get() !== 0) throw backupBusy()
      watch.end(totalPages)
    })
  }

  close(): void {
    this.#handle.close()
  }

  toWireError(error: unknown): WireError {
    // The error may have ended a transaction that had changed the schema.
    this.#clock.tick()
    const wire = toWireError(error)
    return this.#fileGuard?.explain(wire) ?? wire
  }
}

/** Of a row its first value. */
function firstValues(statement: BetterSqlite3.Statement<[]>): BetterSqlite3.Statement<[]> {
  return statement.reader ? statement.pluck() : statement
}

/** Rows as arrays, integers as bigints. */
function exactRows(statement: NativeStatement): NativeStatement {
  return statement.raw().safeIntegers()
}

/** What a statement asks of its connection. */
interface StatementHome {
  readonly clock: SchemaClock
  readonly pusher: RowPusher
  explain(sql: string): readonly ProgramStep[]
  readonly prepare: (sql: string) => BetterSqlite3.Statement<BindableValue[]>
  lastRowid(): bigint
}

class BetterSqlite3Statement implements DriverStatement {
  readonly returnsRows: boolean
  readonly readonly: boolean
  readonly #statement: NativeStatement
  readonly #names: readonly string[] | null
  readonly #home: StatementHome
  readonly #clock: SchemaClock
  readonly #text: StatementText
  readonly #countsChanges: boolean
  readonly #mayChangeSchema: boolean
  readonly #mayInsert: boolean
  readonly #columns: ColumnMemo
  readonly #firstRows: FirstRows<NativeStatement>
  #rows: RowsRunner | null = null
  /** Hands on the rows of so many columns; null where the statement's text does not allow it. */
  #pushing: { readonly width: number; readonly statement: BetterSqlite3.Statement<unknown[]> | null } | null = null
  #facts = UNKNOWN_FACTS
  #factsAt = -1

  constructor(statement: NativeStatement, names: readonly string[] | null, home: StatementHome) {
    this.#statement = statement
    this.#names = names
    this.#home = home
    this.#clock = home.clock
    this.#text = new StatementText(statement.source)
    this.#countsChanges = this.#text.countsChanges
    this.#mayChangeSchema = this.#text.mayChangeSchema
    this.#mayInsert = this.#text.mayInsert && !statement.readonly
    this.returnsRows = statement.reader
    this.readonly = statement.readonly && this.#text.mayBeReadonly
    this.#columns = new ColumnMemo(home.clock, () => (statement.reader ? statement.columns().map(toWireColumn) : []))
    this.#firstRows = new FirstRows(this.#text.body, (sql) => exactRows(home.prepare(sql) as NativeStatement))
  }

  get setsLastRowid(): boolean {
    return this.#mayInsert && this.#program().setsLastRowid
  }

  get busy(): boolean {
    return this.#statement.busy
  }

  columns(): readonly WireColumn[] {
    return this.#columns.read()
  }

  run(params: readonly WireValue[]): RunResult {
    this.#begin()
    const { changes, lastInsertRowid } = this.#statement.run(...this.#bindings(params))
    // A number, unless it is one of those that a number does not hold: to ask for an exact one each time costs.
    const lastRowid = Number.isSafeInteger(lastInsertRowid) ? lastInsertRowid : this.#home.lastRowid()
    return { changes: this.#countsChanges ? changes : 0, lastRowid }
  }

  runEach(rows: RowsOfValues, check: () => void): number {
    this.#begin()
    this.#rows ??= new RowsRunner(this.#text.body, this.#names, {
      prepare: this.#home.prepare,
      runOne: (values, from, width) => this.#statement.run(...this.#bindings(values, from, width)).changes,
    })
    const changes = this.#rows.run(rows, this.#rows.combines && this.#program().plainInsert, check)
    return this.#countsChanges ? changes : 0
  }

  iterate(params: readonly WireValue[]): RowIterator {
    this.#columns.stepped()
    this.#begin()
    // The driver's own iterator, unwrapped: it has a `return`, which its type leaves open.
    return this.#statement.iterate(...this.#bindings(params)) as RowIterator & IterableIterator<DriverRow>
  }

  push(params: readonly WireValue[], begin: (columns: readonly WireColumn[]) => (row: DriverRow) => void): boolean {
    const { pusher } = this.#home
    return pusher.onSnapshot(() => {
      const columns = this.#columns.known()
      if (columns === null) return false
      const width = columns.length
      if (this.#pushing?.width !== width) this.#pushing = { width, statement: pusher.prepare(this.#text.body, width) }
      if (this.#pushing.statement === null) return false
      pusher.run(this.#pushing.statement, this.#bindings(params), begin(columns))
      return true
    })
  }

  few(params: readonly WireValue[], most: number): readonly DriverRow[] | null {
    if (this.#columns.known() === null) return null
    return this.#firstRows.of(most)?.all(...this.#bindings(params)) ?? null
  }

  first(params: readonly WireValue[]): DriverRow | undefined {
    this.#columns.stepped()
    this.#begin()
    return this.#statement.get(...this.#bindings(params))
  }

  /** The driver has no way to free a statement but garbage collection. */
  finalize(): void {}

  /** The arguments of the driver's functions: to read one array of them would cost the driver a tenth of a small insert. */
  #bindings(values: readonly WireValue[], from = 0, width = values.length): unknown[] {
    if (width === 0) return NO_BINDINGS
    return this.#names === null ? toPositional(values, from, width) : [toNamed(this.#names, values, from)]
  }

  /** Before every run. */
  #begin(): void {
    if (this.#mayChangeSchema) {
      if (this.#text.attaches) this.#clock.distrust()
      this.#clock.tick()
    }
    // Behind the run the question would set changes() to 0.
    if (this.#mayInsert) this.#program()
  }

  #program(): ProgramFacts {
    if (this.#factsAt !== this.#clock.now) {
      this.#factsAt = this.#clock.now
      this.#facts = this.#explain()
    }
    return this.#facts
  }

  #explain(): ProgramFacts {
    try {
      return readProgram(this.#home.explain(this.#text.body))
    } catch {
      // It does not compile any more, or the file is locked; running it will say so.
      return UNKNOWN_FACTS
    }
  }
}

/** The driver's own refusals. It has no codes for them; these are its fixed texts. */
const REFUSALS: ReadonlyMap<string, readonly [WireErrorFamily, string?]> = new Map<string, readonly [WireErrorFamily, string?]>([
  ['The supplied SQL string contains no statements', ['programming']],
  ['The supplied SQL string contains more than one statement', ['programming']],
  ['Too few parameter values were provided', ['programming', 'SQLITE_RANGE']],
  ['Too many parameter values were provided', ['programming', 'SQLITE_RANGE']],
  ['Missing named parameters', ['programming', 'SQLITE_RANGE']],
  ['SQLite3 can only bind numbers, strings, bigints, buffers, and null', ['data', 'SQLITE_MISMATCH']],
  ['The bound string, buffer, or bigint is too big', ['data', 'SQLITE_TOOBIG']],
  ['Out of memory', ['operational', 'SQLITE_NOMEM']],
  ['This statement is busy executing a query', ['invalidRequest', 'SQLITE_MISUSE']],
  ['This database connection is busy executing a query', ['invalidRequest', 'SQLITE_MISUSE']],
  ['The database connection is not open', ['invalidRequest', 'SQLITE_MISUSE']],
  ['Too many active database iterators', ['invalidRequest', 'SQLITE_MISUSE']],
  ['This statement does not return data. Use run() instead', ['internal', 'SQLITE_MISUSE']],
  ['Cannot save backup because the directory does not exist', ['operational', 'SQLITE_CANTOPEN']],
  ['Cannot open database because the directory does not exist', ['operational', 'SQLITE_CANTOPEN']],
])

function toWireError(error: unknown): WireError {
  if (error instanceof DriverFault) return faultToWireError(error)
  if (loaded !== undefined && error instanceof loaded.SqliteError) {
    const number = /^UNKNOWN_SQLITE_ERROR_(\d+)$/.exec(error.code)?.[1]
    return sqliteToWireError(number === undefined ? error.code : codeName(Number(number)), error.message, error)
  }
  if (error instanceof Error) {
    const [family, driverCode] = REFUSALS.get(error.message) ?? []
    if (family !== undefined) return refusalToWireError(family, error, driverCode)
    if (error.message.startsWith('Missing named parameter "')) return refusalToWireError('programming', error, 'SQLITE_RANGE')
  }
  return userErrorToWire(error)
}
