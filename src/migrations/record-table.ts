import { CompiledQuery, type RawBuilder, sql } from 'kysely'
import type { AnyKysely } from '../adapters/kysely/kysely-parts.ts'
import { ArgumentError } from '../errors.ts'
import { checkIdentifier, type Dialect, type DialectName } from '../sql/dialect.ts'
import { hasTableQuery } from '../sql/table-queries.ts'
import type { MigrationFile } from './migration-files.ts'

/**
 * How far a migration has come. `began` and `reverting` stand there while one runs that is in no transaction, and stay when its program dies;
 * `failed` is one that has stopped half-way.
 */
export type RecordState = 'applied' | 'began' | 'reverting' | 'failed'

/** What the database says of a migration. */
export interface MigrationRecord {
  readonly name: string
  readonly checksum: string
  readonly state: RecordState
  /** Who runs it, or has run it: see `run-owner.ts`. */
  readonly owner: string
  /** In UTC, by the database's clock, as ISO 8601. */
  readonly changedAt: string
}

/** The clock is the database's: those of several machines do not agree. */
const NOW: Readonly<Record<DialectName, string>> = {
  sqlite: "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')",
  postgresql: `to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`,
  mysql: "concat(left(date_format(utc_timestamp(3), '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z')",
}

const STATES: readonly RecordState[] = ['applied', 'began', 'reverting', 'failed']

/** The table that says which migrations a database has seen. */
export class RecordTable {
  readonly #dialect: Dialect
  /** As Kysely takes it: 'table' or 'schema.table'. */
  readonly #table: string
  readonly schema: string | undefined
  readonly name: string

  /** @throws {ArgumentError} it is no name of a table */
  constructor(table: string, dialect: Dialect) {
    if (typeof table !== 'string') throw new ArgumentError('The option "table" takes the name of a table.')
    const [name = '', schema, ...others] = table.split('.').reverse()
    if (others.length > 0) throw new ArgumentError("The option \"table\" takes 'table' or 'schema.table'.")
    checkIdentifier(name)
    if (schema !== undefined) checkIdentifier(schema)
    this.#dialect = dialect
    this.#table = table
    this.schema = schema
    this.name = name
  }

  /** What the database has seen, by name; nothing is made where there is no such table yet. */
  async read(db: AnyKysely): Promise<ReadonlyMap<string, MigrationRecord>> {
    if (!(await this.#exists(db))) return new Map()
    const rows = await db.selectFrom(this.#table).select(['name', 'checksum', 'state', 'owner', 'changed_at']).orderBy('name').execute()
    return new Map(rows.map((row) => [String(row['name']), toRecord(row)]))
  }

  /** Makes the table where there is none: of IF NOT EXISTS alone servers would send a notice each time. */
  async create(db: AnyKysely): Promise<void> {
    if (!(await this.#exists(db))) await this.creation(db).execute()
  }

  async #exists(db: AnyKysely): Promise<boolean> {
    const { sql: text, values } = hasTableQuery(this.#dialect, this.name, this.schema)
    return (await db.executeQuery(CompiledQuery.raw(text, [...values]))).rows.length > 0
  }

  /** Kysely's statement, for whoever writes it down in place of running it. */
  creation(db: AnyKysely) {
    return db.schema
      .createTable(this.#table)
      .ifNotExists()
      .addColumn('name', 'varchar(200)', (column) => column.notNull().primaryKey())
      .addColumn('checksum', 'varchar(64)', (column) => column.notNull())
      .addColumn('state', 'varchar(10)', (column) => column.notNull())
      .addColumn('owner', 'varchar(300)', (column) => column.notNull())
      .addColumn('changed_at', 'varchar(30)', (column) => column.notNull())
  }

  async insert(db: AnyKysely, { name, checksum }: MigrationFile, state: RecordState, owner: string): Promise<void> {
    await db.insertInto(this.#table).values({ name, checksum, state, owner, changed_at: this.#now }).execute()
  }

  async setState(db: AnyKysely, name: string, state: RecordState, owner: string): Promise<void> {
    await db.updateTable(this.#table).set({ state, owner, changed_at: this.#now }).where('name', '=', name).execute()
  }

  async remove(db: AnyKysely, name: string): Promise<void> {
    await db.deleteFrom(this.#table).where('name', '=', name).execute()
  }

  get #now(): RawBuilder<string> {
    return sql.raw<string>(NOW[this.#dialect.name])
  }
}

function toRecord(row: Readonly<Record<string, unknown>>): MigrationRecord {
  return {
    name: String(row['name']),
    checksum: String(row['checksum']),
    state: STATES.find((state) => state === row['state']) ?? 'failed',
    owner: String(row['owner']),
    changedAt: String(row['changed_at']),
  }
}
