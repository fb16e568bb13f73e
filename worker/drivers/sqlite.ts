import { accessSync, constants, existsSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { WireColumn, WireValue } from '../../src/protocol/values.ts'
import { DeferredKeys } from './deferred-keys.ts'
import type { GroupTransactions, OpenOptions } from './driver.ts'
import { statOrNothing } from './file-guard.ts'
import { DriverFault } from './sqlite-errors.ts'

export type BindableValue = null | number | bigint | string | Uint8Array

/** The values as both drivers bind them without changing what they are. */
export function toBindable(value: WireValue): BindableValue {
  switch (typeof value) {
    case 'number':
      // Both drivers bind every number as REAL, and a REAL 1 in a TEXT column is '1.0'. -0 is no integer: SQLite has no integer like it.
      return Number.isSafeInteger(value) && (value !== 0 || 1 / value > 0) ? BigInt(value) : value
    case 'boolean':
      return value ? 1n : 0n
    default:
      // Lists are sent to databases that have arrays.
      return value as BindableValue
  }
}

/** The `width` values of one row, which begin at `from`. */
export function toPositional(values: readonly WireValue[], from = 0, width = values.length): BindableValue[] {
  const bindings: BindableValue[] = []
  for (let index = from; index < from + width; index++) bindings.push(toBindable(values[index] as WireValue))
  return bindings
}

/** One object without a prototype: a parameter may be called `__proto__`. */
export function toNamed(names: readonly string[], values: readonly WireValue[], from = 0): Record<string, BindableValue> {
  const bindings: Record<string, BindableValue> = Object.create(null)
  for (const [index, name] of names.entries()) bindings[name] = toBindable(values[from + index] as WireValue)
  return bindings
}

const READING: ReadonlySet<string> = new Set(['select', 'values', 'with'])
const INSERTING: ReadonlySet<string> = new Set(['insert', 'replace', 'with'])
const COUNTING: ReadonlySet<string> = new Set(['insert', 'replace', 'update', 'delete', 'with'])
const KEEPS_SCHEMA: ReadonlySet<string> = new Set([
  ...['select', 'values', 'with', 'insert', 'replace', 'update', 'delete', 'explain'],
  ...['begin', 'commit', 'end', 'savepoint', 'release'],
])

/** What a statement's first word tells. */
export class StatementText {
  /** The text from its first word on, without comments and semicolons before it: EXPLAIN can stand in front of it. */
  readonly body: string
  readonly keyword: string

  constructor(sql: string) {
    const start = firstWord(sql)
    this.body = start === 0 ? sql : sql.slice(start)
    this.keyword = /^[a-z]+/i.exec(this.body)?.[0].toLowerCase() ?? ''
  }

  /** A SELECT, or a WITH that may be one. Everything else is taken as writing: `PRAGMA optimize` does, and calls itself read-only. */
  get mayBeReadonly(): boolean {
    return READING.has(this.keyword)
  }

  get mayInsert(): boolean {
    return INSERTING.has(this.keyword)
  }

  /** False where the database's count of changes would be that of an earlier statement, or of rows that a DROP TABLE took along. */
  get countsChanges(): boolean {
    return COUNTING.has(this.keyword)
  }

  /** True where running it may change what names mean: DDL, ROLLBACK, ATTACH, a pragma. */
  get mayChangeSchema(): boolean {
    return !KEEPS_SCHEMA.has(this.keyword)
  }

  get attaches(): boolean {
    return this.keyword === 'attach' || this.keyword === 'detach'
  }
}

/** Skips what SQLite's tokenizer skips: blanks, semicolons, a byte order mark, comments. */
function firstWord(sql: string): number {
  let position = 0
  for (;;) {
    switch (sql.charCodeAt(position)) {
      case 0x09:
      case 0x0a:
      case 0x0c:
      case 0x0d:
      case 0x20:
      case 0x3b:
      case 0xfeff:
        position += 1
        break
      case 0x2d: {
        if (sql.charCodeAt(position + 1) !== 0x2d) return position
        const end = sql.indexOf('\n', position + 2)
        if (end === -1) return sql.length
        position = end + 1
        break
      }
      case 0x2f: {
        if (sql.charCodeAt(position + 1) !== 0x2a) return position
        const end = sql.indexOf('*/', position + 2)
        if (end === -1) return sql.length
        position = end + 2
        break
      }
      default:
        return position
    }
  }
}

/** A row of EXPLAIN. https://www.sqlite.org/opcode.html */
export interface ProgramStep {
  readonly addr: number
  readonly opcode: string
  readonly p1: number
  readonly p2: number
  readonly p5: number
}

export interface ProgramFacts {
  readonly readonly: boolean
  readonly setsLastRowid: boolean
  /** An insertion into one table that runs no trigger and looks for no parents in that same table: nobody can tell several rows from one. */
  readonly plainInsert: boolean
}

export const UNKNOWN_FACTS: ProgramFacts = { readonly: false, setsLastRowid: false, plainInsert: false }

/** OPFLAG_LASTROWID in sqliteInt.h: the Insert opcode sets the connection's last inserted row id. */
const SETS_LAST_ROWID = 0x20

/**
 * Reads from a statement's program what `sqlite3_stmt_readonly()` says, by the rule of resolveP2Values() in vdbeaux.c, and whether it
 * sets the last inserted row id. Only its own program counts: a trigger's inserts are forgotten when the trigger ends.
 */
export function readProgram(steps: readonly ProgramStep[]): ProgramFacts {
  let readonly = true
  let setsLastRowid = false
  let plainInsert = true
  const written = new Set<number>()
  const read: number[] = []
  for (const [index, { addr, opcode, p1, p2, p5 }] of steps.entries()) {
    // The programs of triggers follow the statement's own, each counted from 0 again.
    if (addr === 0 && index > 0) break
    switch (opcode) {
      case 'Transaction':
        if (p2 !== 0) readonly = false
        break
      case 'Checkpoint':
      case 'Vacuum':
      case 'JournalMode':
        readonly = false
        break
      case 'OpenWrite':
        written.add(p2)
        break
      case 'OpenRead':
        read.push(p2)
        break
      case 'Program':
        plainInsert = false
        break
      case 'Insert':
        if ((p5 & SETS_LAST_ROWID) !== 0) setsLastRowid = true
        break
      case 'VUpdate':
        plainInsert = false
        // P1 is 1 for an INSERT into a virtual table.
        if (p1 !== 0) setsLastRowid = true
        break
      default:
    }
  }
  // A row whose parent is inserted behind it is refused, unless both are of one statement.
  return { readonly, setsLastRowid, plainInsert: plainInsert && !read.some((root) => written.has(root)) }
}

/**
 * Counts the changes of the schema that a connection can notice. Others' are seen in the file's schema cookie, which only grows; our
 * own are counted when they run, since a rolled back cookie comes again with another meaning, and temporary tables have none in it.
 */
export class SchemaClock {
  readonly #readCookie: () => number
  #cookie = -1
  #time = 0
  #trusted = true
  /** Inside a transaction nobody else's change is seen: one look is enough. */
  #held = false
  #looked = false

  constructor(readCookie: () => number) {
    this.#readCookie = readCookie
  }

  /** As of the last look. */
  get now(): number {
    return this.#time
  }

  /** This connection may have changed the schema. */
  tick(): void {
    this.#time += 1
    this.#looked = false
  }

  /** A transaction has begun (or ended) that changes no schema. */
  hold(on: boolean): void {
    this.#held = on
    this.#looked = false
  }

  /** From here on the schema can change unseen: another database is attached, or a user's function holds the driver's handle. */
  distrust(): void {
    this.#trusted = false
  }

  /** Looks: a number that is another one after every change, or undefined when the time cannot be told. */
  read(): number | undefined {
    if (!this.#trusted) return undefined
    if (this.#held && this.#looked) return this.#time
    let cookie: number
    try {
      cookie = this.#readCookie()
    } catch {
      // Somebody holds the file exclusively. Whoever asks must look for himself.
      return undefined
    }
    if (cookie !== this.#cookie) {
      this.#cookie = cookie
      this.#time += 1
    }
    this.#looked = true
    return this.#time
  }
}

/** A statement of the host's own. */
interface OwnStatement {
  run(): unknown
  get(): unknown
}

type Prepare = (sql: string) => OwnStatement

/** Transactions of the host's own; the statements are prepared when they are first needed. */
export class SqliteGroups implements GroupTransactions {
  readonly #prepare: Prepare
  readonly #clock: SchemaClock
  readonly #statements = new Map<string, OwnStatement>()
  readonly #deferredKeys: DeferredKeys

  /** @param prepare gives statements whose `get` gives the first value of the first row */
  constructor(prepare: Prepare, clock: SchemaClock) {
    this.#prepare = prepare
    this.#clock = clock
    this.#deferredKeys = new DeferredKeys((sql) => this.#statement(sql).get(), clock)
  }

  get sharesCommits(): boolean {
    return !this.#deferredKeys.possible
  }

  begin(writes: boolean): void {
    this.#run(writes ? 'BEGIN IMMEDIATE' : 'BEGIN')
    this.#clock.hold(true)
  }

  commit(): void {
    this.#clock.hold(false)
    this.#run('COMMIT')
  }

  rollback(): void {
    this.#clock.hold(false)
    this.#run('ROLLBACK')
  }

  #run(sql: string): void {
    this.#statement(sql).run()
  }

  #statement(sql: string): OwnStatement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }
}

/**
 * The columns of one statement, read from the driver only when the schema may have changed: 0.8 µs a column against 0.4 µs for a look at
 * the clock while the statement's iterator is open, 2.5 µs where SQLite must lock the file for it. The database compiles a statement anew at its first step, so columns belong to the step before; they are kept only when
 * the clock showed the same time before that step and after it, since somebody else's change may come between step and look.
 */
export class ColumnMemo {
  readonly #clock: SchemaClock
  readonly #readColumns: () => readonly WireColumn[]
  #columns: readonly WireColumn[] = []
  #keptAt = -1
  #seenAt = -1
  #stepped = false

  constructor(clock: SchemaClock, readColumns: () => readonly WireColumn[]) {
    this.#clock = clock
    this.#readColumns = readColumns
  }

  /** To be called whenever the statement is run. */
  stepped(): void {
    this.#stepped = true
  }

  /** The columns, where they are surely those of the schema as it is now. */
  known(): readonly WireColumn[] | null {
    const now = this.#clock.read()
    return now !== undefined && now === this.#keptAt ? this.#columns : null
  }

  /** The same array as long as the columns are the same. */
  read(): readonly WireColumn[] {
    const now = this.#clock.read()
    if (now !== undefined && now === this.#keptAt) return this.#columns
    const columns = this.#readColumns()
    if (!sameColumns(columns, this.#columns)) this.#columns = columns
    this.#keptAt = now !== undefined && now === this.#seenAt && this.#stepped ? now : -1
    this.#seenAt = now ?? -1
    this.#stepped = false
    return this.#columns
  }
}

function sameColumns(one: readonly WireColumn[], other: readonly WireColumn[]): boolean {
  return (
    one.length === other.length &&
    one.every(
      (column, index) => column.name === other[index]?.name && column.table === other[index]?.table && column.type === other[index]?.type,
    )
  )
}

/** Column as both drivers describe it. */
export interface NativeColumn {
  readonly name: string
  readonly table: string | null
  readonly type: string | null
}

export function toWireColumn({ name, table, type }: NativeColumn): WireColumn {
  return { name, table: table ?? undefined, type: type ?? undefined }
}

/**
 * Refuses what a driver would silently take for something else: a relative path, a name it would trim, cut at NUL, or read as a URI; and
 * what is at the path and no file, or one that cannot be written where that is wanted.
 *
 * @throws {DriverFault} SQLITE_CANTOPEN or SQLITE_READONLY, as SQLite itself would say
 */
export function checkDatabaseName({ database, uri, readonly }: OpenOptions): void {
  if (database.includes('\0')) throw cannotOpen('its name contains a NUL character')
  if (uri) {
    if (!database.startsWith('file:')) throw cannotOpen('a database URI must begin with file:')
    return
  }
  if (!isAbsolute(database)) throw cannotOpen('its path is not absolute')
  if (database !== database.trim()) throw cannotOpen('its path ends in white space, which would be cut off')
  // Stat only: to open the file, even for reading, would drop SQLite's locks on it for the whole process.
  if (!existsSync(dirname(database))) throw cannotOpen('its directory does not exist')
  const stats = statOrNothing(database)
  if (stats?.isDirectory() === true) throw cannotOpen('it is a directory')
  // To open a pipe would wait for its other end for ever; what a device does when it is opened, nobody knows.
  if (stats?.isFile() === false) throw cannotOpen('it is a pipe, a socket or a device and not a file')
  // SQLite would open it read-only without a word, and the first write would tell.
  if (!readonly && isAllowed(database, constants.R_OK) && !isAllowed(database, constants.W_OK)) {
    throw new DriverFault('operational', 'the database file can only be read: open it with ?mode=ro', { driverCode: 'SQLITE_READONLY' })
  }
}

function isAllowed(path: string, access: number): boolean {
  try {
    accessSync(path, access)
    return true
  } catch {
    return false
  }
}

export function cannotOpen(reason: string, cause?: unknown): DriverFault {
  return new DriverFault('operational', `unable to open database file: ${reason}`, { driverCode: 'SQLITE_CANTOPEN', cause })
}

/** What an opened handle must do for `prepareConnection`. */
export interface NewConnection {
  exec(sql: string): void
  /** True for SQLITE_BUSY and its extended codes. */
  isBusy(error: unknown): boolean
}

const LOOK_AT_SCHEMA = 'SELECT 1 FROM sqlite_schema LIMIT 1'

/**
 * Compiles a statement, and once more where its refusal may speak of an old schema: after another connection's ALTER TABLE, SQLite still
 * says "table t has 2 columns but 3 values were supplied". It reads the schema anew for unknown names, and whenever a statement steps.
 */
export function compile<T>(prepare: () => T, exec: (sql: string) => void): T {
  try {
    return prepare()
  } catch (refusal) {
    try {
      exec(LOOK_AT_SCHEMA)
    } catch {
      // Somebody holds the file exclusively: the refusal stands.
      throw refusal
    }
    return prepare()
  }
}

/** As `compile`, for a script, which cannot be begun again: it is preceded by a look at the schema if it may have to do with that. */
export function lookBeforeScript(script: string, exec: (sql: string) => void): void {
  if (!/\b(?:create|alter|drop|insert|replace)\b/i.test(script)) return
  try {
    exec(LOOK_AT_SCHEMA)
  } catch {
    // Somebody holds the file exclusively: the script will find out.
  }
}

/** Applies the pragmas and proves that there is a database: SQLite reads the file only now, its schema included. */
export async function prepareConnection(connection: NewConnection, options: OpenOptions): Promise<void> {
  const deadline = performance.now() + options.busyTimeoutMs
  for (const [name, value] of options.pragmas) {
    const ofTheFile = name.toLowerCase() === 'journal_mode' || name.toLowerCase() === 'synchronous'
    // A read-only connection leaves the file as it is, and a memory database has no journal to choose.
    if (ofTheFile && (options.readonly || options.uri)) continue
    await untilFree(connection, `PRAGMA ${name} = ${value}`, deadline)
  }
  // A memory database is there without proof, and to read it would wait for the transaction of whoever writes it.
  if (!options.uri) await untilFree(connection, LOOK_AT_SCHEMA, deadline)
}

/**
 * Several that open a new file at once all want its exclusive lock for WAL, where SQLite does not wait the busy timeout: with eight threads
 * 17 of 1,200 got BUSY at once, with this none.
 */
async function untilFree(connection: NewConnection, sql: string, deadline: number): Promise<void> {
  for (;;) {
    try {
      return connection.exec(sql)
    } catch (error) {
      if (!connection.isBusy(error) || performance.now() >= deadline) throw error
    }
    await delay(1 + Math.random() * 10)
  }
}
