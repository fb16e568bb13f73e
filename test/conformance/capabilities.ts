import { isServer, type Target } from './target.ts'

/** What the databases that the suite runs on differ in. */
export interface Capabilities {
  readonly dialect: 'sqlite' | 'postgresql' | 'mysql'
  /** The statements of the engine have connections of their own. Those of a server take them from the pool, and wait if there is none. */
  readonly implicitConnections: boolean
  /** Capitals make no other name of a table. MySQL's setting lower_case_table_names decides: here, as it is on Linux. */
  readonly ignoresCase: boolean
  /** Who reads keeps nobody from writing, and finds what was committed before he began. In memory they exclude each other. */
  readonly snapshotsBesideWriters: boolean
  /** Another engine of the same URL finds what the first one has stored. What is in memory ends with its engine. */
  readonly outlivesEngine: boolean
  /** Placeholders are `$1`, `$2` and not `?`. */
  readonly numberedPlaceholders: boolean
  /** A recursive query may be as deep as it likes. MariaDB stops after 1,000 rounds, and gives what it has by then. */
  readonly deepRecursion: boolean
  /** END ends a transaction, as COMMIT does. */
  readonly endTransaction: boolean
  /** DDL can be rolled back. In MySQL it commits what is open. */
  readonly transactionalDdl: boolean
  /** The result of an INSERT knows the number that the row was given. PostgreSQL tells it by RETURNING alone. */
  readonly lastrowid: boolean
  /** UPDATE gives the rows that it has changed. MariaDB has RETURNING for INSERT and DELETE. */
  readonly updateReturning: boolean
  /** A result knows which table its columns come from. */
  readonly columnOrigins: boolean
  /** A column of type `integer` holds 64 bits, and not 32. */
  readonly wideIntegers: boolean
  /** The largest integer that goes in as one; null where larger ones go in as their digits. */
  readonly largestInteger: bigint | null
  /** A list of values is a value: PostgreSQL's arrays. */
  readonly arrays: boolean
  /** A column can have a name without a character. */
  readonly emptyNames: boolean
  /** Names may hold any character. MySQL's end at U+FFFF. */
  readonly astralNames: boolean
  /** What the types of a column are called. */
  readonly types: { readonly integer: string; readonly text: string; readonly double: string; readonly bytes: string }
  /** Rows are computed as they are read, and one that fails does so there, alone. Servers send what they have computed ahead. */
  readonly computesRowByRow: boolean
  /** An expression with a column `n`, an integer, that fails where it is computed. */
  readonly failing: string
  /** The statements of a script are one transaction if it begins none itself. */
  readonly scriptsAreTransactions: boolean
  /** The driver's own object is synchronous: what its methods give are values, and worker functions need not wait. */
  readonly synchronousHandle: boolean
  /** What its errors are called. */
  readonly codes: ErrorCodes
  /** What the error of a text that `notes` has already says of it. */
  readonly sameText: {
    readonly driverCode: string
    readonly table?: string
    readonly columns?: readonly string[]
    readonly constraint?: string
  }
  /** A statement that fails undoes itself alone. In PostgreSQL it takes its transaction along, back to the last savepoint. */
  readonly survivesFailedStatements: boolean
  /** A statement can say that its failure is to end the transaction: OR ROLLBACK, RAISE(ROLLBACK). */
  readonly rollbackOnConflict: boolean
  /** A foreign key can be looked at when the transaction commits. */
  readonly deferredConstraints: boolean
  /** One transaction writes at a time, whatever it writes; they have their turns in the order of their calls. Servers lock rows. */
  readonly oneWriter: boolean
  /** A connection has a thread of its own; those of a server share one. */
  readonly threadPerConnection: boolean
  /** An index belongs to a table, which DROP INDEX names: MySQL. */
  readonly indexesOfTables: boolean
  /** The database can be copied into a file while it is used. */
  readonly backup: boolean
  /** PRAGMA, ATTACH, and SQLite's tables about itself. */
  readonly pragmas: boolean
}

/** `driverCode` of an error, by what is wrong. */
export interface ErrorCodes {
  readonly noTable: string
  readonly syntax: string
  readonly foreignKey: string
  /** What is refused because the transaction or the connection only reads. */
  readonly readonly: RegExp
}

/** One that a database has or has not. */
export type Capability = { [Name in keyof Capabilities]: Capabilities[Name] extends boolean ? Name : never }[keyof Capabilities]

const sqlite: Capabilities = {
  dialect: 'sqlite',
  implicitConnections: true,
  ignoresCase: true,
  snapshotsBesideWriters: true,
  outlivesEngine: true,
  numberedPlaceholders: false,
  deepRecursion: true,
  endTransaction: true,
  transactionalDdl: true,
  lastrowid: true,
  updateReturning: true,
  columnOrigins: true,
  wideIntegers: true,
  largestInteger: 2n ** 63n - 1n,
  arrays: false,
  emptyNames: true,
  astralNames: true,
  types: { integer: 'integer', text: 'text', double: 'real', bytes: 'blob' },
  backup: true,
  pragmas: true,
  codes: {
    noTable: 'SQLITE_ERROR',
    syntax: 'SQLITE_ERROR',
    foreignKey: 'SQLITE_CONSTRAINT_FOREIGNKEY',
    readonly: /^SQLITE_READONLY/,
  },
  threadPerConnection: true,
  indexesOfTables: false,
  sameText: { driverCode: 'SQLITE_CONSTRAINT_UNIQUE', table: 'notes', columns: ['text'] },
  survivesFailedStatements: true,
  rollbackOnConflict: true,
  deferredConstraints: true,
  oneWriter: true,
  computesRowByRow: true,
  failing: 'abs(-9223372036854775807 - 1)',
  scriptsAreTransactions: false,
  synchronousHandle: true,
}

const postgresql: Capabilities = {
  dialect: 'postgresql',
  implicitConnections: false,
  ignoresCase: false,
  snapshotsBesideWriters: true,
  outlivesEngine: true,
  numberedPlaceholders: true,
  deepRecursion: true,
  endTransaction: true,
  transactionalDdl: true,
  lastrowid: false,
  updateReturning: true,
  columnOrigins: false,
  wideIntegers: false,
  largestInteger: null,
  arrays: true,
  emptyNames: false,
  astralNames: true,
  types: { integer: 'int4', text: 'text', double: 'float8', bytes: 'bytea' },
  backup: false,
  pragmas: false,
  codes: { noTable: '42P01', syntax: '42601', foreignKey: '23503', readonly: /^25006$/ },
  threadPerConnection: false,
  indexesOfTables: false,
  sameText: { driverCode: '23505', table: 'notes', columns: ['text'], constraint: 'notes_text_key' },
  survivesFailedStatements: false,
  rollbackOnConflict: false,
  deferredConstraints: true,
  oneWriter: false,
  computesRowByRow: false,
  failing: '1 / (n - n)',
  scriptsAreTransactions: true,
  synchronousHandle: false,
}

const mysql: Capabilities = {
  dialect: 'mysql',
  implicitConnections: false,
  ignoresCase: false,
  snapshotsBesideWriters: true,
  outlivesEngine: true,
  numberedPlaceholders: false,
  deepRecursion: false,
  endTransaction: false,
  transactionalDdl: false,
  lastrowid: true,
  updateReturning: false,
  columnOrigins: true,
  wideIntegers: false,
  largestInteger: 2n ** 64n - 1n,
  arrays: false,
  emptyNames: true,
  astralNames: false,
  types: { integer: 'int', text: 'varchar', double: 'double', bytes: 'longblob' },
  backup: false,
  pragmas: false,
  codes: {
    noTable: 'ER_NO_SUCH_TABLE',
    syntax: 'ER_PARSE_ERROR',
    foreignKey: 'ER_NO_REFERENCED_ROW_2',
    readonly: /^ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION$/,
  },
  threadPerConnection: false,
  indexesOfTables: true,
  sameText: { driverCode: 'ER_DUP_ENTRY', constraint: 'text' },
  survivesFailedStatements: true,
  rollbackOnConflict: false,
  deferredConstraints: false,
  oneWriter: false,
  computesRowByRow: false,
  failing: 'exp(n * 1000)',
  scriptsAreTransactions: false,
  synchronousHandle: false,
}

export function capabilitiesOf(target: Target): Capabilities {
  if (isServer(target)) return target.driver === 'pg' ? postgresql : mysql
  return target.storage === 'file' ? sqlite : { ...sqlite, snapshotsBesideWriters: false, outlivesEngine: false }
}
