import { DatabaseError } from '../../../errors.ts'
import type { Executor } from '../../../sql/executor.ts'
import { hasTableQuery, tableNamesQuery } from '../../../sql/table-queries.ts'
import type { Catalog, DescribeRequest, FoundTable } from '../catalog.ts'
import type { EnumDescription, TriggerDescription } from '../descriptions.ts'
import { describeTables } from './describe-tables.ts'
import { readSchema, type SchemaRows, type SchemaScope } from './schema-query.ts'

/** PostgreSQL's, in one statement for a schema. */
export function postgresqlCatalog(executor: Executor): Catalog {
  return new PostgresqlCatalog(executor)
}

/** How often a schema that changes while it is read is read again. */
const MAX_READS = 5
/** So many tables are read without a thought of what it costs. */
const MAX_NAMES = 20

class PostgresqlCatalog implements Catalog {
  readonly #executor: Executor

  constructor(executor: Executor) {
    this.#executor = executor
  }

  schemas(): Promise<string[]> {
    const own = "nspname !~ '^pg_' and nspname <> 'information_schema'"
    return this.#executor.execute(`select nspname from pg_catalog.pg_namespace where ${own} order by nspname`).scalars<string>()
  }

  async hasSchema(schema: string): Promise<boolean> {
    const sql = `select 1 from pg_catalog.pg_namespace n where ${named('$1')}`
    return (await this.#executor.scalar(sql, [schema])) !== null
  }

  tableNames(schema: string | undefined): Promise<string[]> {
    const { sql, values } = tableNamesQuery(this.#executor.dialect, schema)
    return this.#executor.execute(sql, values).scalars<string>()
  }

  viewNames(schema: string | undefined): Promise<string[]> {
    const sql = `select c.relname from ${relations} where c.relkind in ('v', 'm') and ${inSchema(schema, '$1')} order by c.relname`
    return this.#executor.execute(sql, valuesOf(schema)).scalars<string>()
  }

  async has(name: string, schema: string | undefined): Promise<boolean> {
    const { sql, values } = hasTableQuery(this.#executor.dialect, name, schema)
    return (await this.#executor.scalar(sql, values)) !== null
  }

  enums(schema: string | undefined): Promise<EnumDescription[]> {
    const visible = "pg_catalog.pg_type_is_visible(t.oid) and n.nspname <> 'pg_catalog'"
    const sql = `select n.nspname as schema, t.typname as name,
        array(select e.enumlabel::text from pg_catalog.pg_enum e where e.enumtypid = t.oid order by e.enumsortorder) as values
      from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
      where t.typtype = 'e' and ${schema === undefined ? visible : named('$1')} order by t.typname`
    return this.#executor.execute<EnumDescription>(sql, valuesOf(schema), { rowMode: 'object' }).fetchall()
  }

  triggers(schema: string | undefined): Promise<TriggerDescription[]> {
    const sql = `select g.tgname as name, c.relname as table, pg_catalog.pg_get_triggerdef(g.oid) as sql
      from ${relations} join pg_catalog.pg_trigger g on g.tgrelid = c.oid
      where not g.tgisinternal and coalesce((to_jsonb(g) ->> 'tgparentid')::int8, 0) = 0 and ${inSchema(schema, '$1')}
      order by c.relname, g.tgname`
    return this.#executor.execute<TriggerDescription>(sql, valuesOf(schema), { rowMode: 'object' }).fetchall()
  }

  async describe(request: DescribeRequest): Promise<FoundTable[]> {
    for (let reads = 1; ; reads += 1) {
      try {
        const { found, gone } = await this.#read(request)
        // What has gone while it was read is not there when it is read again.
        if (!gone || reads === MAX_READS) return found
      } catch (error) {
        if (!isOfGoneTable(error) || reads === MAX_READS) throw error
      }
    }
  }

  async #read({ schema, names, views }: DescribeRequest): Promise<{ readonly found: FoundTable[]; readonly gone: boolean }> {
    const byName = names !== undefined
    const kinds = views || byName ? "'r', 'p', 'f', 'v', 'm'" : "'r', 'p', 'f'"
    const condition = `c.relkind in (${kinds}) and ${inSchema(schema, byName ? '$2' : '$1')}`
    const scope: SchemaScope = { condition, byName, values: [...(byName ? [names] : []), ...valuesOf(schema)] }
    const rows = await (byName && names.length <= MAX_NAMES ? readSchema(this.#executor, scope) : this.#readWithoutCompiling(scope))
    const tables = describeTables(rows, schema !== undefined)
    const asked = byName ? rows.asked : rows.table
    const found = asked.flatMap(({ owner, name }) => {
      const table = tables.get(owner) ?? null
      return table === null ? [] : [{ asked: name, table }]
    })
    return { found, gone: found.length < asked.length }
  }

  /**
   * A statement that looks dear is compiled first, which takes seconds; and about a catalog in which much has come and gone since it was last
   * looked after, PostgreSQL believes to hold a hundred times what it does. https://www.postgresql.org/docs/current/jit-decision.html
   */
  async #readWithoutCompiling(scope: SchemaScope): Promise<SchemaRows> {
    const jit = await this.#executor.scalar<string>("select current_setting('jit', true)")
    if (jit !== 'on') return readSchema(this.#executor, scope)
    return this.#executor.transaction(async (tx) => {
      await tx.execute('set local jit = off')
      const rows = await readSchema(tx, scope)
      // The transaction may be a part of one that goes on.
      await tx.execute('set local jit = on')
      return rows
    })
  }
}

/** The text of a view that goes meanwhile is not null, but an internal error. */
function isOfGoneTable(error: unknown): boolean {
  return error instanceof DatabaseError && error.driverCode === 'XX000'
}

const relations = 'pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace'

/** Without a schema: in the search path, which the server's own tables always are in. */
function inSchema(schema: string | undefined, placeholder: string): string {
  return schema === undefined ? "pg_catalog.pg_table_is_visible(c.oid) and n.nspname <> 'pg_catalog'" : named(placeholder)
}

/** `pg_temp` is what a session calls the schema of its own temporary tables. */
function named(placeholder: string): string {
  return `(n.nspname = ${placeholder}::name or (${placeholder}::name = 'pg_temp' and n.oid = pg_catalog.pg_my_temp_schema()))`
}

function valuesOf(schema: string | undefined): readonly string[] {
  return schema === undefined ? [] : [schema]
}
