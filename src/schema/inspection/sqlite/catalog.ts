import { DatabaseError } from '../../../errors.ts'
import type { Executor } from '../../../sql/executor.ts'
import type { Catalog, DescribeRequest, FoundTable } from '../catalog.ts'
import type { TriggerDescription } from '../descriptions.ts'
import { describeTables, type UnreadableTable } from './describe-tables.ts'
import { foldCase, isSameName } from './names.ts'
import { type Owner, objectsOf, readSchema, type SchemaRows, type SchemaScope } from './schema-query.ts'

/** What a name without a schema means in a statement, but for the databases attached by hand: those have to be named. */
const TEMP_AND_MAIN = ['temp', 'main']
/** How often a schema is read in which there is something unreadable, or that others change meanwhile. */
const MAX_READS = 5

/** SQLite's, in one statement for a schema. */
export function sqliteCatalog(executor: Executor): Catalog {
  return new SqliteCatalog(executor)
}

class SqliteCatalog implements Catalog {
  readonly #executor: Executor

  constructor(executor: Executor) {
    this.#executor = executor
  }

  schemas(): Promise<string[]> {
    return this.#executor.execute('select name from pragma_database_list order by seq').scalars<string>()
  }

  async hasSchema(schema: string): Promise<boolean> {
    // `temp` is there before it is listed.
    const known = [...(await this.schemas()), 'temp']
    return known.some((name) => isSameName(name, schema))
  }

  tableNames(schema = 'main'): Promise<string[]> {
    const condition = "o.type = 'table' and l.type <> 'shadow' and o.name not like 'sqlite\\_%' escape '\\'"
    return this.#names(schema, condition)
  }

  viewNames(schema = 'main'): Promise<string[]> {
    return this.#names(schema, "o.type = 'view'")
  }

  async #names(schema: string, condition: string): Promise<string[]> {
    const objects = objectsOf(this.#executor, [schema])
    const listed = 'pragma_table_list l on l.name = o.name and l.schema = o.schema collate nocase'
    const sql = `select o.name from (${objects.sql}) o join ${listed} where ${condition} order by o.name`
    return (await this.#unlessUnknown(schema, () => this.#executor.execute(sql, objects.parameters).scalars<string>())) ?? []
  }

  async has(name: string, schema: string | undefined): Promise<boolean> {
    const objects = objectsOf(this.#executor, schema === undefined ? TEMP_AND_MAIN : [schema])
    const sql = `select 1 from (${objects.sql}) where type in ('table', 'view') and name = :name collate nocase limit 1`
    const found = await this.#unlessUnknown(schema, () => this.#executor.scalar(sql, { ...objects.parameters, name }))
    return found !== undefined && found !== null
  }

  async enums(): Promise<[]> {
    return []
  }

  async triggers(schema = 'main'): Promise<TriggerDescription[]> {
    const objects = objectsOf(this.#executor, [schema])
    const sql = `select name, tbl_name as "table", sql from (${objects.sql}) where type = 'trigger' order by name`
    const read = () => this.#executor.execute<TriggerDescription>(sql, objects.parameters, { rowMode: 'object' }).fetchall()
    return (await this.#unlessUnknown(schema, read)) ?? []
  }

  async describe({ schema, names, views }: DescribeRequest): Promise<FoundTable[]> {
    const schemas = schema !== undefined ? [schema] : names === undefined ? ['main'] : TEMP_AND_MAIN
    const found = await this.#unlessUnknown(schema, () => this.#read({ schemas, names, unreadable: [] }))
    if (found === undefined) return []
    const tables = describeTables(found.rows, { unreadable: found.reasons, named: schema !== undefined })
    if (names === undefined) {
      const wanted = tables.filter(
        ({ name, options: { kind } }) => kind !== 'shadow' && !/^sqlite_/i.test(name) && (views || kind !== 'view'),
      )
      return wanted.map((table) => ({ asked: table.name, table }))
    }
    const byName = Map.groupBy(tables, ({ name }) => foldCase(name))
    return names.flatMap((asked) => {
      const same = byName.get(foldCase(asked)) ?? []
      // A temporary table hides one of the same name in the main database.
      const table = same.find((candidate) => candidate.options.temporary) ?? same[0]
      return table === undefined ? [] : [{ asked, table }]
    })
  }

  /**
   * A view of a table that is gone, or a virtual table without its module, makes an error of every question for its columns: what can be read is
   * read without them.
   */
  async #read(scope: SchemaScope): Promise<Readable> {
    let reasons: readonly UnreadableTable[] = []
    for (let reads = 1; ; reads += 1) {
      try {
        return { rows: await readSchema(this.#executor, { ...scope, unreadable: reasons }), reasons }
      } catch (error) {
        if (!(error instanceof DatabaseError) || reads === MAX_READS) throw error
        reasons = await this.#unreadable(scope)
      }
    }
  }

  async #unreadable({ schemas, names }: SchemaScope): Promise<readonly UnreadableTable[]> {
    const { sql, parameters } = objectsOf(this.#executor, schemas)
    const candidates = await this.#executor
      .execute<Owner>(
        `select l.schema, o.name as owner from (${sql}) o join pragma_table_list l on l.name = o.name and l.schema = o.schema collate nocase
          where l.type in ('view', 'virtual')`,
        parameters,
        { rowMode: 'object' },
      )
      .fetchall()
    const wanted = names?.map(foldCase)
    const reasons: UnreadableTable[] = []
    for (const candidate of candidates) {
      if (wanted !== undefined && !wanted.includes(foldCase(candidate.owner))) continue
      const reason = await this.#refusalOf(candidate)
      if (reason !== null) reasons.push({ ...candidate, reason })
    }
    return reasons
  }

  /** What SQLite says when it is asked for the columns; null when it tells them. */
  async #refusalOf({ schema, owner }: Owner): Promise<string | null> {
    try {
      const { sql, parameters } = objectsOf(this.#executor, [schema])
      // What is read of the schema itself has the connection look whether it has changed.
      const read = `select (select count(*) from (${sql})), count(*) from pragma_table_xinfo(:owner, :schema0)`
      await this.#executor.scalar(read, { ...parameters, owner })
      return null
    } catch (error) {
      if (error instanceof DatabaseError) return error.message
      throw error
    }
  }

  /** What `read` gives, or undefined where it fails as there is no such schema. */
  async #unlessUnknown<T>(schema: string | undefined, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read()
    } catch (error) {
      if (schema === undefined || !(error instanceof DatabaseError) || (await this.hasSchema(schema))) throw error
      return undefined
    }
  }
}

interface Readable {
  readonly rows: SchemaRows
  readonly reasons: readonly UnreadableTable[]
}
