import { ArgumentError } from '../errors.ts'
import { checkIdentifier } from '../sql/dialect.ts'
import type { Executor } from '../sql/executor.ts'
import { checkOptionNames } from '../sql/option-names.ts'
import { type CreateOptions, createTables } from './ddl/create-all.ts'
import { dropTables } from './ddl/drop-all.ts'
import { makersOf } from './late-tables.ts'
import { checkConvention, type NamingConvention } from './naming-convention.ts'
import { type ReflectOptions, reflectTables } from './reflection/reflect-tables.ts'
import { Table } from './table.ts'
import type { AnyTable, Catalogue } from './table-shape.ts'

/** What holds for all tables of a `MetaData`. */
export interface MetaDataOptions {
  /** Of tables that name none. Default: where a name without a schema leads. */
  readonly schema?: string | undefined
  readonly namingConvention?: NamingConvention | undefined
}

/** Tables that know each other. */
export class MetaData implements Catalogue {
  readonly schema: string | undefined
  readonly namingConvention: NamingConvention
  readonly #tables = new Map<string, Table>()

  /** @throws {ArgumentError} an option is unknown, the schema is no name, or the naming convention is of no known form */
  constructor(options: MetaDataOptions = {}) {
    checkOptionNames(options, ['schema', 'namingConvention'], 'A MetaData')
    const { schema, namingConvention = {} } = options
    if (schema !== undefined) checkIdentifier(schema)
    this.schema = schema
    this.namingConvention = checkConvention(namingConvention)
  }

  /** By 'name', or by 'schema.name', in the order in which they were made; those of models that have been defined by now, too. */
  get tables(): ReadonlyMap<string, Table> {
    for (const maker of makersOf(this)) maker.makeAll()
    return this.#tables
  }

  /** The table of 'name', or of 'schema.name'. */
  find(key: string): Table | undefined {
    if (!this.#tables.has(key)) for (const maker of makersOf(this)) maker.make(key)
    return this.#tables.get(key)
  }

  /**
   * What `new Table()` does at its end.
   *
   * @throws {ArgumentError} there is one of that name
   */
  add(table: AnyTable): void {
    if (!(table instanceof Table)) throw new ArgumentError('A MetaData holds tables: new Table(name, metadata, columns).')
    if (this.#tables.has(table.key)) throw new ArgumentError(`Table "${table.key}" is in this MetaData already.`)
    this.#tables.set(table.key, table)
  }

  /**
   * Creates the tables with their indexes, those that others refer to first, and the views behind them; in one transaction where the database
   * can roll DDL back.
   *
   * @throws {OperationalError | ProgrammingError} the database refuses one
   */
  async createAll(executor: Executor, options?: CreateOptions): Promise<void> {
    await createTables(executor, this, options)
  }

  /** Drops the tables, those that refer to others first. `checkFirst` passes over what is not there. */
  async dropAll(executor: Executor, options?: CreateOptions): Promise<void> {
    await dropTables(executor, this, options)
  }

  /**
   * Makes a Table of each table of the database that this MetaData does not have.
   *
   * @throws {InvalidRequestError} `only` names a table that is not there
   */
  async reflect(executor: Executor, options?: ReflectOptions): Promise<void> {
    await reflectTables(executor, this, options)
  }
}
