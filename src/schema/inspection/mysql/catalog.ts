import { DatabaseError, OperationalError } from '../../../errors.ts'
import type { Executor } from '../../../sql/executor.ts'
import { hasTableQuery, tableNamesQuery } from '../../../sql/table-queries.ts'
import type { Catalog, DescribeRequest, FoundTable } from '../catalog.ts'
import type { TableDescription, TriggerDescription } from '../descriptions.ts'
import { describeTables, describeTrigger, isPartitioned } from './describe-tables.ts'
import { type Flavour, readChanges, readSchema, readTables, readTriggers, type SchemaChanges, type TableRow } from './schema-query.ts'

/** MySQL's and MariaDB's, in one statement for each kind of thing. Their temporary tables are in none of their lists. */
export function mysqlCatalog(executor: Executor): Catalog {
  return new MysqlCatalog(executor)
}

/** How often a database that changes while it is read is read again. */
const MAX_READS = 20
/** How often in a row a read has to give the same where others change something all the time. */
const SAME_READS = 4
const ROWS = { rowMode: 'object', integers: 'number' } as const
const SERVERS_OWN = ['information_schema', 'mysql', 'performance_schema', 'sys']

class MysqlCatalog implements Catalog {
  readonly #executor: Executor

  constructor(executor: Executor) {
    this.#executor = executor
  }

  async schemas(): Promise<string[]> {
    const sql = 'select schema_name from information_schema.schemata order by cast(schema_name as binary)'
    const names = await this.#executor.execute(sql).scalars<string>()
    return names.filter((name) => !SERVERS_OWN.includes(name.toLowerCase()))
  }

  async hasSchema(schema: string): Promise<boolean> {
    const sql = 'select schema_name as name, @@lower_case_table_names as folds from information_schema.schemata'
    const found = await this.#executor.execute<{ readonly name: string; readonly folds: number }>(sql, [], ROWS).fetchall()
    return found.some(({ name, folds }) => isSameName(name, schema, folds !== 0))
  }

  tableNames(schema: string | undefined): Promise<string[]> {
    const { sql, values } = tableNamesQuery(this.#executor.dialect, schema)
    return this.#executor.execute(sql, values).scalars<string>()
  }

  async viewNames(schema: string | undefined): Promise<string[]> {
    const tables = await this.#tables(schema, undefined)
    return tables.filter(({ type }) => type === 'VIEW').map(({ table }) => table)
  }

  async has(name: string, schema: string | undefined): Promise<boolean> {
    const { sql, values } = hasTableQuery(this.#executor.dialect, name, schema)
    return (await this.#executor.scalar(sql, values)) !== null
  }

  async enums(): Promise<[]> {
    return []
  }

  async triggers(schema: string | undefined): Promise<TriggerDescription[]> {
    const [first] = await this.#tables(schema, undefined)
    const triggers = first === undefined ? [] : await readTriggers(this.#executor, first.schema)
    return triggers.map((trigger) => describeTrigger(trigger, this.#executor.dialect))
  }

  /**
   * The server shows each list as it is at its own moment. So the tables are looked at once more when all has been read: where one of them has
   * gone, or is another one by then, all is read again. It tells when a table was made by the second only, and of a view not at all: where one
   * might be another of the same time, nobody may have made, changed or dropped anything meanwhile, on the whole server, or else what was
   * read has to be the same several times.
   */
  async describe(request: DescribeRequest): Promise<FoundTable[]> {
    let last: string | undefined
    let same = 0
    for (let reads = 1; reads <= MAX_READS; reads += 1) {
      // Counted before the tables are looked at: one that is being made again by then would not be counted once more.
      const before = await readChanges(this.#executor)
      const rows = await this.#wanted(request)
      const tables = await this.#describe(rows, request)
      const after = await this.#wanted(request)
      const read = rows.every((row) => after.some((now) => isSameTable(row, now))) ? JSON.stringify(tables) : undefined
      same = read === last ? same + 1 : 1
      const isQuiet = rows.every(isSettled) || same === SAME_READS || areSame(rows, before, await readChanges(this.#executor))
      if (read !== undefined && isQuiet) return findAsked(tables, request, rows[0]?.folds !== 0)
      last = read
    }
    throw new OperationalError(`The tables have changed each of ${MAX_READS} times that they were read: try again.`, { retryable: true })
  }

  async #wanted({ schema, names, views }: DescribeRequest): Promise<TableRow[]> {
    const rows = await this.#tables(schema, names)
    return rows.filter(({ type }) => names !== undefined || views || type !== 'VIEW')
  }

  async #describe(wanted: readonly TableRow[], request: DescribeRequest): Promise<TableDescription[]> {
    const [first] = wanted
    if (first === undefined) return []
    const { schema, version } = first
    const flavour: Flavour = /mariadb/i.test(version) ? 'mariadb' : 'mysql'
    const names = request.names === undefined ? undefined : wanted.map(({ table }) => table)
    const read = await readSchema(this.#executor, flavour, schema, names)
    const statements = await this.#statements(wanted)
    const { dialect } = this.#executor
    return describeTables(wanted, read, { dialect, flavour, named: request.schema !== undefined, statements })
  }

  /** CREATE TABLE of the tables whose partitions, or whose history, only that tells. */
  async #statements(tables: readonly TableRow[]): Promise<ReadonlyMap<string, string>> {
    const statements = new Map<string, string>()
    for (const table of tables) {
      if (!isPartitioned(table.options) && table.type !== 'SYSTEM VERSIONED') continue
      const statement = await this.#createTable(table)
      if (statement !== null) statements.set(table.table, statement)
    }
    return statements
  }

  /** Null where the table has gone meanwhile. */
  async #createTable({ schema, table }: TableRow): Promise<string | null> {
    const { quoteIdentifier } = this.#executor.dialect
    const sql = `show create table ${quoteIdentifier(schema)}.${quoteIdentifier(table)}`
    try {
      const row = await this.#executor.execute<readonly unknown[]>(sql, [], { rowMode: 'array' }).first()
      return typeof row?.[1] === 'string' ? row[1] : null
    } catch (error) {
      if (error instanceof DatabaseError && error.driverCode === 'ER_NO_SUCH_TABLE') return null
      throw error
    }
  }

  async #tables(schema: string | undefined, names: readonly string[] | undefined): Promise<TableRow[]> {
    if (names?.length === 0) return []
    const rows = await readTables(this.#executor, schema, names)
    // The server's comparison overlooks accents, and capitals that it does tell apart elsewhere.
    const ofSchema = rows.filter((row) => schema === undefined || isSameName(row.schema, schema, row.folds !== 0))
    return ofSchema.filter((row) => names === undefined || names.some((name) => isSameName(row.table, name, row.folds !== 0)))
  }
}

function findAsked(tables: readonly TableDescription[], { names }: DescribeRequest, folds: boolean): FoundTable[] {
  if (names === undefined) return tables.map((table) => ({ asked: table.name, table }))
  return names.flatMap((asked) => {
    const table = tables.find(({ name }) => isSameName(name, asked, folds))
    return table === undefined ? [] : [{ asked, table }]
  })
}

function isSameTable(one: TableRow, other: TableRow): boolean {
  return one.table === other.table && one.type === other.type && one.created === other.created
}

/** Its time tells it from any other table: another second has begun before it was read. */
function isSettled({ age }: TableRow): boolean {
  return age !== null && age > 1
}

function areSame(rows: readonly TableRow[], before: SchemaChanges, after: SchemaChanges): boolean {
  const young = rows.filter((row) => !isSettled(row))
  return young.every(({ type }) => (type === 'VIEW' ? before.ofViews === after.ofViews : before.ofTables === after.ofTables))
}

function isSameName(one: string, other: string, folds: boolean): boolean {
  return folds ? one.toLowerCase() === other.toLowerCase() : one === other
}
