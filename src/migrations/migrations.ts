import { kysely } from '../adapters/kysely/kysely.ts'
import type { AnyKysely } from '../adapters/kysely/kysely-parts.ts'
import type { AsyncEngine } from '../engine/contract.ts'
import { ArgumentError } from '../errors.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'
import { scriptFor } from './dry-run.ts'
import { type History, historyOf } from './history.ts'
import { loadMigration } from './load-migration.ts'
import type { Direction } from './migration.ts'
import { MigrationError } from './migration-error.ts'
import { type MigrationFile, readMigrationFiles } from './migration-files.ts'
import { withMigrationLock } from './migration-lock.ts'
import { MigrationRun, type Step } from './migration-run.ts'
import { type MigrationStatus, statusOf } from './migration-status.ts'
import { TEMPLATES, writeMigration } from './new-file.ts'
import { checkNames, checkSteps, type MigrationsOptions, readOptions } from './options.ts'
import { RecordTable } from './record-table.ts'
import { isAlive, RunOwner } from './run-owner.ts'

/** A migration that has been run. */
export interface MigrationStep {
  /** The file without what stands behind the point. */
  readonly name: string
  readonly file: string
  readonly direction: Direction
}

export interface UpOptions {
  /** The most migrations that are applied. Default: all. */
  readonly steps?: number | undefined
}

type Plan = (history: History) => readonly { readonly file: MigrationFile; readonly direction: Direction }[]

/**
 * The migrations of a folder, and one database.
 *
 * Files of SQL, TypeScript and JavaScript are applied in the order of their names, each with its record in one transaction where the database has
 * DDL in transactions, and one program at a time. Before anything runs, every file is read: one that was edited, has gone or stands before those that
 * were applied is refused, with its name.
 *
 * @example
 * const migrations = new Migrations(engine, { directory: new URL('./migrations/', import.meta.url) })
 * await migrations.up()
 */
export class Migrations {
  readonly #db: AnyKysely
  readonly #engine: AsyncEngine
  readonly #directory: string
  readonly #records: RecordTable

  /** @throws {ArgumentError} an option is unknown, missing or of the wrong kind */
  constructor(engine: AsyncEngine, options: MigrationsOptions) {
    const { directory, table } = readOptions(options)
    this.#engine = engine
    this.#directory = directory
    this.#records = new RecordTable(table, engine.dialect)
    this.#db = kysely<Record<string, Record<string, unknown>>>(engine)
  }

  /**
   * Applies what has not been applied, in order; waits while another program migrates this database.
   *
   * @returns what this call has applied: nothing where another program was first
   * @throws {MigrationError} a file is refused, and nothing was run; or one has failed, those before it are applied, and in a database with DDL in
   *   transactions nothing of it is there
   */
  async up(options: UpOptions = {}): Promise<readonly MigrationStep[]> {
    checkNames(options, ['steps'])
    const steps = checkSteps(options.steps ?? Number.POSITIVE_INFINITY)
    return await this.#run(({ pending }) => pending.slice(0, steps).map((file) => ({ file, direction: 'up' })))
  }

  /**
   * Takes back the last migrations that were applied, the last one first.
   *
   * @param steps how many; Infinity is all
   * @throws {MigrationError} as `up`; also where one of them has no way down
   */
  async down(steps = 1): Promise<readonly MigrationStep[]> {
    checkSteps(steps)
    return await this.#run(({ applied }) =>
      applied
        .toReversed()
        .slice(0, steps)
        .map((file) => ({ file, direction: 'down' })),
    )
  }

  /**
   * Makes this migration the last one that is applied, upwards or downwards; null takes all of them back.
   *
   * @throws {ArgumentError} there is no such migration
   * @throws {MigrationError} as `up` and `down`
   */
  async to(name: string | null): Promise<readonly MigrationStep[]> {
    return await this.#run((history) => {
      const { applied, pending } = history
      if (name === null) return applied.toReversed().map((file) => ({ file, direction: 'down' }))
      const target = this.#fileOf(name, [...applied, ...pending])
      if (applied.includes(target))
        return applied
          .slice(applied.indexOf(target) + 1)
          .toReversed()
          .map((file) => ({ file, direction: 'down' }))
      return pending.slice(0, pending.indexOf(target) + 1).map((file) => ({ file, direction: 'up' }))
    })
  }

  /** Every migration of the folder and of the database, in order, with what is wrong with it. Nothing is written, and nobody is waited for. */
  async status(): Promise<readonly MigrationStatus[]> {
    const files = await readMigrationFiles(this.#directory)
    return statusOf(files, await this.#records.read(this.#db))
  }

  /**
   * Says what became of a migration that ran in no transaction and stopped half-way, after somebody has looked and mended it.
   *
   * @throws {ArgumentError} there is no such migration, or it has not stopped half-way
   */
  async resolve(name: string, state: 'applied' | 'pending'): Promise<void> {
    if (state !== 'applied' && state !== 'pending') throw new ArgumentError("resolve() takes 'applied' or 'pending'.")
    const file = this.#fileOf(name, await readMigrationFiles(this.#directory))
    await this.#locked(async (db, owner) => {
      const record = (await this.#records.read(db)).get(file.name)
      const runs = record !== undefined && this.#engine.dialect.embedded && record.state !== 'failed' && isAlive(record.owner)
      if (record === undefined || record.state === 'applied' || runs) throw new ArgumentError(`${file.file} has not stopped half-way.`)
      await this.#records.remove(db, file.name)
      if (state === 'applied') await this.#records.insert(db, file, 'applied', owner)
    })
  }

  /**
   * Writes an empty migration whose number comes after that of the last one, and the folder where there is none.
   *
   * @returns the path of the file
   * @throws {ArgumentError} the name is none
   */
  async create(name: string, options: { readonly kind?: 'sql' | 'ts' | undefined } = {}): Promise<string> {
    checkNames(options, ['kind'])
    const { kind = 'sql' } = options
    if (kind !== 'sql' && kind !== 'ts') throw new ArgumentError("The option \"kind\" takes 'sql' or 'ts'.")
    return await writeMigration(this.#directory, { name, kind, text: TEMPLATES[kind] })
  }

  /**
   * What `up()`, or with `to` `to(name)` upwards, would run, as a script for the database's own shell; it writes the records too. Modules are called with a
   * Kysely that writes down what it is asked for and finds no rows. Nothing is run, and nobody is waited for.
   *
   * @throws {MigrationError} a file is refused
   */
  async sql(options: { readonly to?: string | undefined } = {}): Promise<string> {
    checkNames(options, ['to'])
    const files = await readMigrationFiles(this.#directory)
    const { pending } = historyOf(files, await this.#records.read(this.#db))
    const { to } = options
    const wanted = to === undefined ? pending : pending.slice(0, pending.indexOf(this.#fileOf(to, files)) + 1)
    const { dialect } = this.#engine
    const steps = await Promise.all(wanted.map(async (file) => ({ file, migration: await loadMigration(file, dialect.name) })))
    return await scriptFor(steps, this.#records, dialect)
  }

  /** @throws {ArgumentError} it is none of them */
  #fileOf(name: string, files: readonly MigrationFile[]): MigrationFile {
    const found = files.find((file) => file.name === name || file.file === name)
    if (found !== undefined) return found
    const names = files.map((file) => file.name)
    throw new ArgumentError(`There is no migration ${printableName(String(name))}.${didYouMean(String(name), names)}`)
  }

  async #run(plan: Plan): Promise<readonly MigrationStep[]> {
    const files = await readMigrationFiles(this.#directory)
    return await this.#locked(async (db, owner) => {
      const run = new MigrationRun({ db, dialect: this.#engine.dialect, records: this.#records, files, owner })
      const steps: Step[] = []
      for (const { file, direction } of plan(await run.history())) steps.push(await this.#load(file, direction))
      const done: MigrationStep[] = []
      for (const step of steps) {
        const { file, direction } = step
        if (await run.take(step)) done.push({ name: file.name, file: file.file, direction })
      }
      return done
    })
  }

  async #load(file: MigrationFile, direction: Direction): Promise<Step> {
    const migration = await loadMigration(file, this.#engine.dialect.name)
    if (direction === 'down' && !migration.reversible) {
      const missing = file.kind === 'sql' ? 'a section "-- down"' : 'a function "down"'
      throw new MigrationError(`it has no way down: it would be ${missing}.`, { file: file.file })
    }
    return { file, direction, migration }
  }

  /** A connection to itself, which has the lock. */
  async #locked<T>(work: (db: AnyKysely, owner: string) => Promise<T>): Promise<T> {
    const owner = new RunOwner()
    try {
      return await this.#db.connection().execute((db) => withMigrationLock(db, this.#engine.dialect.name, () => work(db, owner.id)))
    } finally {
      owner.end()
    }
  }
}
