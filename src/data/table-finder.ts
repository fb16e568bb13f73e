import { InvalidRequestError } from '../errors.ts'
import { inspect } from '../schema/inspection/inspector.ts'
import { MetaData } from '../schema/metadata.ts'
import { Table } from '../schema/table.ts'
import type { AnyTable } from '../schema/table-shape.ts'
import type { Executor } from '../sql/executor.ts'
import { migrationRecords } from '../sql/migration-records.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'

/** Tables that a program knows already: a MetaData, or that of a model's table. */
export interface KnownTables {
  readonly tables: ReadonlyMap<string, AnyTable>
}

/** Finds tables by name: those that are known, and all others in the database itself. */
export class TableFinder {
  readonly #executor: Executor
  readonly #known: KnownTables | undefined
  readonly #reflected = new MetaData()

  constructor(executor: Executor, known: KnownTables | undefined) {
    this.#executor = executor
    this.#known = known
  }

  /**
   * The table or view by 'name' or 'schema.name'.
   *
   * @throws {InvalidRequestError} there is none of that name
   */
  async find(name: string | AnyTable): Promise<AnyTable> {
    if (typeof name !== 'string') return name
    const known = this.#known?.tables.get(name) ?? this.#reflected.tables.get(name)
    return known ?? (await this.#reflect(name, undefined)) ?? (await this.#reflectQualified(name)) ?? (await this.#refuse(name))
  }

  /** The tables of the default schema, or those that are known, without what one database has seen of migrations: another has its own of it. */
  async all(): Promise<readonly AnyTable[]> {
    if (this.#known === undefined) await this.#reflected.reflect(this.#executor)
    const tables = [...(this.#known ?? this.#reflected).tables.values()]
    return tables.filter(({ name, options }) => options.view === undefined && name !== migrationRecords)
  }

  async #reflect(name: string, schema: string | undefined): Promise<AnyTable | undefined> {
    if (name === '' || name.includes('\0') || !(await inspect(this.#executor).hasTable(name, schema))) return undefined
    await this.#reflected.reflect(this.#executor, { schema, views: true, only: [name] })
    return this.#reflected.tables.get(schema === undefined ? name : `${schema}.${name}`)
  }

  async #reflectQualified(name: string): Promise<AnyTable | undefined> {
    const dot = name.indexOf('.')
    if (dot <= 0) return undefined
    const schema = name.slice(0, dot)
    if (!(await inspect(this.#executor).schemas()).includes(schema)) return undefined
    return await this.#reflect(name.slice(dot + 1), schema)
  }

  async #refuse(name: string): Promise<never> {
    const inspector = inspect(this.#executor)
    const names = [...(this.#known?.tables.keys() ?? []), ...(await inspector.tables()), ...(await inspector.views())]
    throw new InvalidRequestError(`There is no table ${printableName(name)}.${didYouMean(name, names)}`)
  }
}

/** @throws {TypeError} it is neither a name nor a table */
export function checkTable(table: unknown): void {
  if (typeof table === 'string' || table instanceof Table) return
  throw new TypeError('A table is named by a text, or is a Table of offloop/schema.')
}
