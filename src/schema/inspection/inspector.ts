import { ArgumentError, InvalidRequestError } from '../../errors.ts'
import type { DialectName } from '../../sql/dialect.ts'
import type { Executor } from '../../sql/executor.ts'
import { didYouMean, printableName } from '../../sql/nearest-name.ts'
import type { Catalog } from './catalog.ts'
import type {
  CheckDescription,
  ColumnDescription,
  EnumDescription,
  ExclusionConstraintDescription,
  ForeignKeyDescription,
  IndexDescription,
  PrimaryKeyDescription,
  TableDescription,
  TableOptions,
  TriggerDescription,
  UniqueConstraintDescription,
} from './descriptions.ts'
import { mysqlCatalog } from './mysql/catalog.ts'
import { postgresqlCatalog } from './postgresql/catalog.ts'
import { sqliteCatalog } from './sqlite/catalog.ts'

/** What `describe` is asked for. */
export interface DescribeOptions {
  /** Default: where a name without a schema is looked for. */
  readonly schema?: string | undefined
  /** Only these tables and views. Default: all tables. */
  readonly only?: readonly string[] | undefined
  /** All views, too. Default: false. */
  readonly views?: boolean | undefined
}

/**
 * Looks at the tables of a database as they are now: nothing is kept between two calls. It sees what its engine, connection or transaction sees,
 * uncommitted tables of an open transaction included.
 *
 * Without a schema a name means what it means in a statement: a temporary table or one of the main database in SQLite, one in the search path
 * in PostgreSQL, one in the current database in MySQL. Lists are of the main database, the search path, and the current database. Views count as
 * tables wherever one is named. What one call gives belongs together, as it was at one moment; MySQL, which shows no such thing, is read again
 * when a table has changed meanwhile.
 */
export interface Inspector {
  /** The schemas, or databases, but for the server's own. SQLite: `main`, `temp` once there is something in it, and what is attached. */
  schemas(): Promise<string[]>
  /**
   * The names of the tables, in order: neither views nor what belongs to the database itself.
   *
   * @throws {InvalidRequestError} there is no such schema
   */
  tables(schema?: string): Promise<string[]>
  /** The same as `tables`, by the engine's name for it. */
  tableNames(schema?: string): Promise<string[]>
  /**
   * The names of the views, in order; PostgreSQL's materialized ones are among them.
   *
   * @throws {InvalidRequestError} there is no such schema
   */
  views(schema?: string): Promise<string[]>
  /**
   * PostgreSQL: the types made by CREATE TYPE … AS ENUM. Other databases have none.
   *
   * @throws {InvalidRequestError} there is no such schema
   */
  enums(schema?: string): Promise<EnumDescription[]>
  /** Whether there is such a table or view. */
  hasTable(name: string, schema?: string): Promise<boolean>
  /**
   * Everything about many tables, read by one statement, or one for each kind of thing in MySQL. In the order of their names.
   *
   * @throws {InvalidRequestError} there is no such schema, or no table of one of the names
   * @throws {OperationalError} MySQL: the tables were changed again and again while they were read; `retryable`
   * @throws {NotSupportedError} SQLite: a table's text in the schema was not understood
   */
  describe(options?: DescribeOptions): Promise<TableDescription[]>
  /**
   * The columns, in their order.
   *
   * @throws {InvalidRequestError} there is no such table, or the database itself cannot tell its columns
   */
  columns(table: string, schema?: string): Promise<readonly ColumnDescription[]>
  /** @throws {InvalidRequestError} there is no such table */
  primaryKey(table: string, schema?: string): Promise<PrimaryKeyDescription>
  /** @throws {InvalidRequestError} there is no such table */
  foreignKeys(table: string, schema?: string): Promise<readonly ForeignKeyDescription[]>
  /**
   * In MySQL, which does not tell them apart, unique indexes of whole columns too.
   *
   * @throws {InvalidRequestError} there is no such table
   */
  uniqueConstraints(table: string, schema?: string): Promise<readonly UniqueConstraintDescription[]>
  /**
   * Without those that merely serve a primary key or a constraint.
   *
   * @throws {InvalidRequestError} there is no such table
   */
  indexes(table: string, schema?: string): Promise<readonly IndexDescription[]>
  /**
   * Without the one that MariaDB adds to a column of JSON.
   *
   * @throws {InvalidRequestError} there is no such table
   */
  checks(table: string, schema?: string): Promise<readonly CheckDescription[]>
  /**
   * PostgreSQL; other databases have none.
   *
   * @throws {InvalidRequestError} there is no such table
   */
  exclusionConstraints(table: string, schema?: string): Promise<readonly ExclusionConstraintDescription[]>
  /**
   * Of one table, or of all.
   *
   * @throws {InvalidRequestError} there is no such table, or no such schema
   */
  triggers(table?: string, schema?: string): Promise<readonly TriggerDescription[]>
  /** @throws {InvalidRequestError} there is no such table */
  tableOptions(table: string, schema?: string): Promise<TableOptions>
  /**
   * The query of a view, without CREATE VIEW.
   *
   * @throws {InvalidRequestError} there is no such view
   */
  viewDefinition(view: string, schema?: string): Promise<string>
}

/**
 * Looks at the database through an engine, a connection or a transaction.
 *
 * @example
 * const columns = await inspect(engine).columns('users')
 */
export function inspect(executor: Executor): Inspector {
  return new CatalogInspector(CATALOGS[executor.dialect.name](executor))
}

const CATALOGS: Readonly<Record<DialectName, (executor: Executor) => Catalog>> = {
  sqlite: sqliteCatalog,
  postgresql: postgresqlCatalog,
  mysql: mysqlCatalog,
}

class CatalogInspector implements Inspector {
  readonly #catalog: Catalog

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  schemas(): Promise<string[]> {
    return this.#catalog.schemas()
  }

  tables(schema?: string): Promise<string[]> {
    return this.#list(schema, () => this.#catalog.tableNames(schema))
  }

  tableNames(schema?: string): Promise<string[]> {
    return this.tables(schema)
  }

  views(schema?: string): Promise<string[]> {
    return this.#list(schema, () => this.#catalog.viewNames(schema))
  }

  enums(schema?: string): Promise<EnumDescription[]> {
    return this.#list(schema, () => this.#catalog.enums(schema))
  }

  async hasTable(name: string, schema?: string): Promise<boolean> {
    checkName(name)
    checkSchema(schema)
    return this.#catalog.has(name, schema)
  }

  async describe({ schema, only, views = false }: DescribeOptions = {}): Promise<TableDescription[]> {
    only?.forEach(checkName)
    const names = only === undefined ? undefined : [...new Set(only)]
    const found = await this.#list(schema, () => this.#catalog.describe({ schema, names, views }))
    const asked = new Set(found.map((one) => one.asked))
    const unknown = names?.find((name) => !asked.has(name))
    if (unknown !== undefined) throw await this.#unknownTable(unknown, schema)
    const tables = new Map(found.map(({ table }) => [JSON.stringify([table.schema, table.name]), table]))
    return [...tables.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  }

  async columns(table: string, schema?: string): Promise<readonly ColumnDescription[]> {
    const { columns, unreadable } = await this.#one(table, schema)
    if (unreadable !== null) throw new InvalidRequestError(`The columns of ${printableName(table)} cannot be read: ${unreadable}`)
    return columns
  }

  async primaryKey(table: string, schema?: string): Promise<PrimaryKeyDescription> {
    return (await this.#one(table, schema)).primaryKey
  }

  async foreignKeys(table: string, schema?: string): Promise<readonly ForeignKeyDescription[]> {
    return (await this.#one(table, schema)).foreignKeys
  }

  async uniqueConstraints(table: string, schema?: string): Promise<readonly UniqueConstraintDescription[]> {
    return (await this.#one(table, schema)).uniqueConstraints
  }

  async indexes(table: string, schema?: string): Promise<readonly IndexDescription[]> {
    return (await this.#one(table, schema)).indexes
  }

  async checks(table: string, schema?: string): Promise<readonly CheckDescription[]> {
    return (await this.#one(table, schema)).checks
  }

  async exclusionConstraints(table: string, schema?: string): Promise<readonly ExclusionConstraintDescription[]> {
    return (await this.#one(table, schema)).exclusionConstraints
  }

  async triggers(table?: string, schema?: string): Promise<readonly TriggerDescription[]> {
    if (table !== undefined) return (await this.#one(table, schema)).triggers
    return this.#list(schema, () => this.#catalog.triggers(schema))
  }

  async tableOptions(table: string, schema?: string): Promise<TableOptions> {
    return (await this.#one(table, schema)).options
  }

  async viewDefinition(view: string, schema?: string): Promise<string> {
    const { view: description } = await this.#one(view, schema)
    if (description === null) throw new InvalidRequestError(`${printableName(view)} is a table: expected a view.`)
    return description.definition
  }

  async #one(name: string, schema: string | undefined): Promise<TableDescription> {
    checkName(name)
    checkSchema(schema)
    const [found] = await this.#catalog.describe({ schema, names: [name], views: true })
    if (found === undefined) throw await this.#unknownTable(name, schema)
    return found.table
  }

  /** A list of what is in a schema: nothing at all is found in one that does not exist. */
  async #list<T>(schema: string | undefined, read: () => Promise<T[]>): Promise<T[]> {
    checkSchema(schema)
    const found = await read()
    if (found.length === 0 && schema !== undefined) await this.#assertSchema(schema)
    return found
  }

  async #assertSchema(schema: string): Promise<void> {
    if (await this.#catalog.hasSchema(schema)) return
    const known = await this.#catalog.schemas()
    throw new InvalidRequestError(`There is no schema ${printableName(schema)}.${didYouMean(schema, known)}`)
  }

  async #unknownTable(name: string, schema: string | undefined): Promise<InvalidRequestError> {
    if (schema !== undefined) await this.#assertSchema(schema)
    const known = [...(await this.#catalog.tableNames(schema)), ...(await this.#catalog.viewNames(schema))]
    const where = schema === undefined ? '' : ` in the schema ${printableName(schema)}`
    // It may have come meanwhile.
    const others = known.filter((candidate) => candidate !== name)
    return new InvalidRequestError(`There is no table or view ${printableName(name)}${where}.${didYouMean(name, others)}`)
  }
}

/** @throws {ArgumentError} it is no text that a database could hold */
function checkName(name: unknown): void {
  if (typeof name !== 'string') throw new ArgumentError(`A name must be a string, found ${name === null ? 'null' : typeof name}.`)
  if (name.includes('\0')) throw new ArgumentError('A name must not contain a NUL character.')
  if (!name.isWellFormed()) throw new ArgumentError('A name must not contain half a surrogate pair.')
}

/** @throws {ArgumentError} as `checkName` */
function checkSchema(schema: unknown): void {
  if (schema !== undefined) checkName(schema)
}
