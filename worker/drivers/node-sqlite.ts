import { pathToFileURL } from 'node:url'
import type { WireColumn, WireValue } from '../../src/protocol/values.ts'
import type { WireError } from '../../src/protocol/wire-error.ts'
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
import { isSqliteError, tooLong, toWireError } from './node-sqlite-errors.ts'
import {
  type BindableValue,
  ColumnMemo,
  checkDatabaseName,
  compile,
  lookBeforeScript,
  type NativeColumn,
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
import { DriverFault, toOpenError } from './sqlite-errors.ts'
import { RowsRunner } from './sqlite-rows.ts'

// What is used of node:sqlite, as of Node.js 24.16: the types of the oldest Node that the package supports do not have it yet.
interface NodeSqlite {
  readonly DatabaseSync: new (
    location: string,
    options: { readonly readOnly?: boolean; readonly timeout?: number; readonly allowExtension?: boolean },
  ) => Handle
  readonly backup: (
    source: Handle,
    file: string,
    options: { readonly rate: number; readonly progress: (progress: BackupProgress) => void },
  ) => Promise<number>
}

interface Handle {
  loadExtension(path: string): void
  readonly isOpen: boolean
  readonly isTransaction: boolean
  prepare(sql: string): NativeStatement
  exec(sql: string): void
  close(): void
}

type Bindings = [] | [Record<string, BindableValue>] | BindableValue[]

interface NativeStatement {
  run(...params: Bindings): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint }
  /** Nothing, as for no row, also for a row with a text that is longer than JavaScript's can be. */
  get(...params: Bindings): DriverRow | undefined
  /** Nothing where there is such a row. */
  all(...params: Bindings): unknown[] | undefined
  iterate(...params: Bindings): NativeIterator
  columns(): readonly NativeColumn[]
  setReturnArrays(enabled: boolean): void
  setReadBigInts(enabled: boolean): void
  /** Since Node.js 26. */
  close?(): void
}

interface NativeIterator {
  /** Nothing for a row with a text that is longer than JavaScript's can be: neither is an error thrown. */
  next(): { readonly done: boolean; readonly value: DriverRow | null } | undefined
  return(): unknown
}

let loaded: NodeSqlite | undefined

/** SQLite by Node.js itself: nothing to install, one SQLite for the whole process. */
export const nodeSqliteDriver: Driver = {
  name: 'node',
  dialect: 'sqlite',
  capabilities: { threadSafe: false, cancel: 'row', backup: true, columnOrigins: true, blockedByCursors: 'writes', freshBytes: true },
  open,
  toWireError: (error) => toOpenError(toWireError(error)),
}

async function open(options: OpenOptions): Promise<DriverConnection> {
  const sqlite = load()
  checkDatabaseName(options)
  const handle = new sqlite.DatabaseSync(locationOf(options), {
    readOnly: options.readonly,
    timeout: options.busyTimeoutMs,
    // As better-sqlite3: from JavaScript only, the SQL function load_extension() stays refused.
    allowExtension: true,
  })
  try {
    await prepareConnection(
      { exec: (sql) => handle.exec(sql), isBusy: (error) => toWireError(error).driverCode?.startsWith('SQLITE_BUSY') ?? false },
      options,
    )
    return new NodeSqliteConnection(sqlite, handle, options)
  } catch (error) {
    handle.close()
    throw error
  }
}

/** @throws {DriverFault} `driverLoad`: this Node.js has no node:sqlite, or one that loses data */
function load(): NodeSqlite {
  if (loaded !== undefined) return loaded
  const sqlite = importWithoutWarning()
  const problem =
    sqlite === undefined ? 'has no node:sqlite' : cutsText(sqlite) ? 'reads a text only up to its first NUL character' : undefined
  if (sqlite === undefined || problem !== undefined) {
    throw new DriverFault(
      'driverLoad',
      `sqlite+node:// needs Node.js 24.16 or newer: this is Node.js ${process.versions.node}, which ${problem}. sqlite+better-sqlite3:// works here.`,
    )
  }
  loaded = sqlite
  return sqlite
}

/** Node.js before 24.16, and all of 22, gave 'a' for 'a\0b' without a word. Whatever reads it whole has all else that is used here. */
function cutsText({ DatabaseSync }: NodeSqlite): boolean {
  const handle = new DatabaseSync(':memory:', {})
  try {
    return Object.values(handle.prepare("SELECT 'a' || char(0) || 'b'").get() ?? {})[0] !== 'a\0b'
  } finally {
    handle.close()
  }
}

/** node:sqlite warns once in every thread that it is experimental. Loading it is synchronous: no other warning can fall in between. */
function importWithoutWarning(): NodeSqlite | undefined {
  const emitWarning = process.emitWarning
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule('node:sqlite') as unknown as NodeSqlite | undefined
  } finally {
    process.emitWarning = emitWarning
  }
}

/** There is no option like fileMustExist, but a URI can say it, and SQLite keeps it where a look beforehand would be a race. */
function locationOf({ database, uri, readonly, mustExist }: OpenOptions): string {
  return uri || readonly || !mustExist ? database : `${pathToFileURL(database).href}?mode=rw`
}

class NodeSqliteConnection implements DriverConnection {
  readonly #sqlite: NodeSqlite
  readonly #handle: Handle
  readonly #file: string | undefined
  readonly #fileGuard: FileGuard | null
  readonly #busyTimeoutMs: number
  readonly #clock: SchemaClock
  readonly groups: SqliteGroups
  #lastRowid: NativeStatement | undefined

  constructor(sqlite: NodeSqlite, handle: Handle, options: OpenOptions) {
    this.#sqlite = sqlite
    this.#handle = handle
    this.#file = options.uri ? undefined : options.database
    this.#fileGuard = FileGuard.watch(this.#file)
    this.#busyTimeoutMs = options.busyTimeoutMs
    const schemaVersion = firstValues(handle.prepare('PRAGMA schema_version'))
    this.#clock = new SchemaClock(() => schemaVersion.get() as number)
    this.groups = new SqliteGroups((sql) => firstValues(handle.prepare(sql)), this.#clock)
  }

  get handle(): object {
    this.#clock.distrust()
    return this.#handle
  }

  get inTransaction(): boolean {
    return this.#handle.isOpen && this.#handle.isTransaction
  }

  prepare(sql: string, names: readonly string[] | null): DriverStatement {
    return new NodeSqliteStatement(this.#handle, sql, names, this.#clock)
  }

  script(sql: string): void {
    if (/attach/i.test(sql)) this.#clock.distrust()
    this.#clock.tick()
    lookBeforeScript(sql, (text) => this.#handle.exec(text))
    this.#handle.exec(sql)
  }

  lastRowid(): bigint {
    if (this.#lastRowid === undefined) {
      // Not before it is needed: to prepare it reads the schema, which must wait while another connection writes a memory database.
      this.#lastRowid = this.#handle.prepare('SELECT last_insert_rowid()')
      this.#lastRowid.setReturnArrays(true)
      this.#lastRowid.setReadBigInts(true)
    }
    // A query without FROM always has its one row.
    return this.#lastRowid.get()?.[0] as bigint
  }

  assertInPlace(): void {
    this.#fileGuard?.assertInPlace()
  }

  interruptToken(extension: string): number {
    this.#handle.loadExtension(extension)
    const token = this.#handle.prepare('SELECT offloop_interrupt_token()')
    token.setReturnArrays(true)
    return token.get()?.[0] as number
  }

  async backup(file: string, onProgress: (progress: BackupProgress) => boolean): Promise<void> {
    checkBackupFile(file, this.#file)
    const watch = new BackupWatch(onProgress, this.#busyTimeoutMs)
    const options = { rate: BACKUP_PAGES_PER_STEP, progress: (step: BackupProgress) => watch.step(step) }
    try {
      await allOrNoFile(file, async () =>
        watch.end(await copySnapshot(this, watch, () => this.#sqlite.backup(this.#handle, file, options))),
      )
    } catch (error) {
      // It knows only that the backup did not end, and says "not an error".
      throw isSqliteError(error) && error.errcode === 0 ? backupBusy() : error
    }
  }

  close(): void {
    if (this.#handle.isOpen) this.#handle.close()
  }

  toWireError(error: unknown): WireError {
    // The error may have ended a transaction that had changed the schema.
    this.#clock.tick()
    const wire = toWireError(error)
    return this.#fileGuard?.explain(wire) ?? wire
  }
}

class NodeSqliteStatement implements DriverStatement {
  readonly returnsRows: boolean
  readonly #handle: Handle
  readonly #statement: NativeStatement
  readonly #names: readonly string[] | null
  readonly #clock: SchemaClock
  readonly #text: StatementText
  readonly #countsChanges: boolean
  readonly #mayChangeSchema: boolean
  readonly #mayInsert: boolean
  readonly #columns: ColumnMemo
  readonly #firstRows: FirstRows<NativeStatement>
  #cursor: Cursor | undefined
  #rows: RowsRunner | null = null
  #facts = UNKNOWN_FACTS
  #factsAt = -1

  constructor(handle: Handle, sql: string, names: readonly string[] | null, clock: SchemaClock) {
    const statement = compile(
      () => handle.prepare(sql),
      (text) => handle.exec(text),
    )
    this.#handle = handle
    this.#statement = exactRows(statement)
    this.#names = names
    this.#clock = clock
    this.#text = new StatementText(sql)
    this.#countsChanges = this.#text.countsChanges
    this.#mayChangeSchema = this.#text.mayChangeSchema
    this.#mayInsert = this.#text.mayInsert
    this.returnsRows = statement.columns().length > 0
    this.#columns = new ColumnMemo(clock, () => statement.columns().map(toWireColumn))
    this.#firstRows = new FirstRows(this.#text.body, (text) => exactRows(handle.prepare(text)))
  }

  get readonly(): boolean {
    return this.#text.mayBeReadonly && this.returnsRows && this.#program().readonly
  }

  get setsLastRowid(): boolean {
    return this.#mayInsert && this.#program().setsLastRowid
  }

  get busy(): boolean {
    return this.#cursor?.open ?? false
  }

  columns(): readonly WireColumn[] {
    return this.#columns.read()
  }

  run(params: readonly WireValue[]): RunResult {
    const { changes, lastInsertRowid } = this.#statement.run(...this.#begin(params))
    // The number of an earlier statement stays where this one counts nothing. setReadBigInts makes the row id a bigint.
    return { changes: this.#countsChanges ? Number(changes) : 0, lastRowid: lastInsertRowid as bigint }
  }

  runEach(rows: RowsOfValues, check: () => void): number {
    this.#rows ??= new RowsRunner(this.#text.body, this.#names, {
      prepare: (sql) => this.#handle.prepare(sql),
      runOne: (values, from, width) => Number(this.#statement.run(...this.#begin(values, from, width)).changes),
    })
    const changes = this.#rows.run(rows, this.#rows.combines && this.#program().plainInsert, check)
    return this.#countsChanges ? changes : 0
  }

  iterate(params: readonly WireValue[]): RowIterator {
    const bindings = this.#begin(params)
    this.#cursor = new Cursor(this.#handle, this.#statement.iterate(...bindings))
    return this.#cursor
  }

  few(params: readonly WireValue[], most: number): readonly DriverRow[] | null {
    if (this.#columns.known() === null) return null
    const rows = this.#firstRows.of(most)?.all(...this.#bindings(params)) as DriverRow[] | undefined
    return rows ?? null
  }

  first(params: readonly WireValue[]): DriverRow | undefined {
    const row = this.#statement.get(...this.#begin(params))
    // A cursor can tell a row that is not there from one that cannot be read.
    if (row !== undefined || !this.readonly) return row
    const rows = this.iterate(params)
    const { value } = rows.next() as { readonly value: DriverRow | undefined }
    void rows.return()
    return value
  }

  finalize(): void {
    if (!this.#handle.isOpen) return
    this.#statement.close?.()
    this.#firstRows.prepared?.close?.()
  }

  /** Before every run. */
  #begin(values: readonly WireValue[], from = 0, width = values.length): Bindings {
    // The driver would run it, and the open iterator would then fail at its next row.
    if (this.busy) throw new DriverFault('invalidRequest', 'This statement is busy executing a query', { driverCode: 'SQLITE_MISUSE' })
    this.#columns.stepped()
    if (this.#mayChangeSchema) {
      if (this.#text.attaches) this.#clock.distrust()
      this.#clock.tick()
    }
    // Behind the run the question would set changes() to 0.
    if (this.#mayInsert) this.#program()
    return this.#bindings(values, from, width)
  }

  #bindings(values: readonly WireValue[], from = 0, width = values.length): Bindings {
    if (width === 0) return []
    return this.#names === null ? toPositional(values, from, width) : [toNamed(this.#names, values, from)]
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
      return readProgram(this.#handle.prepare(`EXPLAIN ${this.#text.body}`).all() as ProgramStep[])
    } catch {
      // It does not compile any more, or the file is locked; running it will say so.
      return UNKNOWN_FACTS
    }
  }
}

/** Of a row its first value. */
function firstValues(statement: NativeStatement): { run(): unknown; get(): unknown } {
  statement.setReturnArrays(true)
  return {
    run() {
      // It tells the row id of the last INSERT as well, whoever made it, and throws where no number holds that.
      statement.setReadBigInts(true)
      return statement.run()
    },
    get: () => statement.get()?.[0],
  }
}

/** Rows as arrays, integers as bigints. */
function exactRows(statement: NativeStatement): NativeStatement {
  statement.setReturnArrays(true)
  statement.setReadBigInts(true)
  return statement
}

/** Wrapped, since the driver's own iterator does not say whether it is open and begins again from the first row after an error. */
class Cursor implements RowIterator {
  readonly #handle: Handle
  readonly #rows: NativeIterator
  #open = true

  constructor(handle: Handle, rows: NativeIterator) {
    this.#handle = handle
    this.#rows = rows
  }

  get open(): boolean {
    return this.#open
  }

  next(): { readonly done?: boolean; readonly value: DriverRow | undefined } {
    if (!this.#open) return END
    try {
      const result = this.#rows.next()
      if (result === undefined) throw tooLong()
      if (!result.done) return result as { readonly value: DriverRow }
    } catch (error) {
      this.#open = false
      this.#forgetError()
      throw error
    }
    this.#open = false
    return END
  }

  /** A statement that failed keeps its error, and the driver throws it again when the statement is next run, unless it is reset now. */
  #forgetError(): void {
    try {
      this.#rows.return()
    } catch {
      // The reset says once more what has just been said.
    }
  }

  return(): undefined {
    if (!this.#open) return
    this.#open = false
    // Closing the connection has finalized the statement, and the driver would throw.
    if (this.#handle.isOpen) this.#rows.return()
  }
}

const END = { done: true, value: undefined } as const
