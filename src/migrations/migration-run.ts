import type { AnyKysely } from '../adapters/kysely/kysely-parts.ts'
import type { Dialect } from '../sql/dialect.ts'
import { keepChosenSchema } from './chosen-schema.ts'
import { checkForeignKeys, keepForeignKeys, withoutForeignKeys } from './foreign-keys.ts'
import { type History, historyOf } from './history.ts'
import type { Direction, Migration } from './migration.ts'
import { MigrationError, messageOf } from './migration-error.ts'
import type { MigrationFile } from './migration-files.ts'
import { poll } from './migration-lock.ts'
import type { MigrationRecord, RecordTable } from './record-table.ts'
import { isAlive } from './run-owner.ts'

/** One migration that is to go one way. */
export interface Step {
  readonly file: MigrationFile
  readonly direction: Direction
  readonly migration: Migration
}

export interface RunContext {
  /** The connection that has the lock. */
  readonly db: AnyKysely
  readonly dialect: Dialect
  readonly records: RecordTable
  readonly files: readonly MigrationFile[]
  /** Says who this is, to others. */
  readonly owner: string
}

/** One program's turn at migrating a database. */
export class MigrationRun {
  readonly #context: RunContext

  constructor(context: RunContext) {
    this.#context = context
  }

  /**
   * Waits for what others have under way, and looks what is left to do.
   *
   * @throws {MigrationError} files and records do not agree
   */
  async history(): Promise<History> {
    const { db, files, records } = this.#context
    return await poll(async () => {
      const found = await records.read(db)
      return [...found.values()].some((record) => this.#isUnderWay(record)) ? null : historyOf(files, found)
    })
  }

  /**
   * Takes one step; false where another program has taken it first.
   *
   * @throws {MigrationError} it has failed
   */
  async take(step: Step): Promise<boolean> {
    const whole = step.migration.inTransaction && this.#context.dialect.transactionalDdl
    return whole ? await this.#takeWhole(step) : await this.#takeInParts(step)
  }

  /** The migration and its record are one transaction. */
  async #takeWhole(step: Step): Promise<boolean> {
    const { db, dialect, records } = this.#context
    return await withoutForeignKeys(db, dialect, (mustCheck) =>
      db.transaction().execute(async (trx) => {
        if (await this.#isDone(trx, step)) return false
        await records.create(trx)
        await keepChosenSchema(trx, dialect, () => step.migration.run(step.direction, trx, () => {}))
        await naming(step, async () => {
          if (mustCheck) await checkForeignKeys(trx, step.file)
          await this.#record(trx, step)
        })
        return true
      }),
    )
  }

  /** What is in no transaction says first that it has begun: where it stops half-way, that is what the next run finds. */
  async #takeInParts(step: Step): Promise<boolean> {
    const { db, dialect } = this.#context
    const { mine } = await poll(() => this.#atOnce((tx) => this.#claim(tx, step)))
    if (!mine) return false
    await keepForeignKeys(db, dialect, async () => {
      let changed = false
      try {
        await keepChosenSchema(db, dialect, () =>
          step.migration.run(step.direction, db, () => {
            changed = true
          }),
        )
      } catch (error) {
        // The record is there already, and where this does not come through it tells of the failure just as well.
        await this.#giveUp(step, changed).catch(() => {})
        throw error
      }
      await naming(step, () => this.#record(db, step))
    })
    return true
  }

  async #atOnce<T>(work: (db: AnyKysely) => Promise<T>): Promise<T> {
    const { db, dialect } = this.#context
    return dialect.transactionalDdl ? await db.transaction().execute(work) : await work(db)
  }

  /** Whether the step is this run's or has been taken; null while somebody else is at it. */
  async #claim(db: AnyKysely, step: Step): Promise<{ readonly mine: boolean } | null> {
    const { records, owner } = this.#context
    const { file, direction } = step
    const record = (await records.read(db)).get(file.name)
    if (record !== undefined && this.#isUnderWay(record)) return null
    if (await this.#isDone(db, step)) return { mine: false }
    await records.create(db)
    if (direction === 'up') await records.insert(db, file, 'began', owner)
    else await records.setState(db, file.name, 'reverting', owner)
    return { mine: true }
  }

  /** On a server the lock is this run's: whoever has begun something has lost it, and with it the connection. */
  #isUnderWay({ state, owner }: MigrationRecord): boolean {
    return this.#context.dialect.embedded && (state === 'began' || state === 'reverting') && isAlive(owner)
  }

  async #isDone(db: AnyKysely, { file, direction }: Step): Promise<boolean> {
    const { files, records } = this.#context
    const found = await records.read(db)
    const state = found.get(file.name)?.state
    if (direction === 'up' ? state === 'applied' : state === undefined) return true
    const { applied, pending } = historyOf(files, found)
    // Between the plan and its turn another program may have gone the other way.
    const next = direction === 'up' ? pending[0] : applied.at(-1)
    if (next?.name === file.name) return false
    throw new MigrationError(
      `another program has migrated this database meanwhile: the next one to go ${direction} is ${next?.file}.`,
      file,
    )
  }

  async #record(db: AnyKysely, { file, direction, migration }: Step): Promise<void> {
    const { dialect, records, owner } = this.#context
    if (direction === 'down') return await records.remove(db, file.name)
    const isThere = !(migration.inTransaction && dialect.transactionalDdl)
    if (isThere) await records.setState(db, file.name, 'applied', owner)
    else await records.insert(db, file, 'applied', owner)
  }

  async #giveUp({ file, direction }: Step, changed: boolean): Promise<void> {
    const { db, records, owner } = this.#context
    if (changed) await records.setState(db, file.name, 'failed', owner)
    else if (direction === 'up') await records.remove(db, file.name)
    else await records.setState(db, file.name, 'applied', owner)
  }
}

async function naming({ file }: Step, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    if (cause instanceof MigrationError) throw cause
    throw new MigrationError(`it has run, and could not be recorded: ${messageOf(cause)}`, { file: file.file, cause })
  }
}
