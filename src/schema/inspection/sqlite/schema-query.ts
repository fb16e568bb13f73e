import type { Executor } from '../../../sql/executor.ts'

/** What one read of a schema gives, as the database's own tables and pragmas tell it: https://www.sqlite.org/pragma.html */
export interface SchemaRows {
  readonly table: readonly TableRow[]
  readonly column: readonly ColumnRow[]
  readonly 'foreign key': readonly ForeignKeyRow[]
  readonly 'parent key': readonly ParentKeyRow[]
  readonly index: readonly IndexRow[]
  readonly member: readonly MemberRow[]
  readonly trigger: readonly TriggerRow[]
}

/** Which object of which schema a row is about, as the schema spells both. */
export interface Owner {
  readonly schema: string
  readonly owner: string
}

export interface TableRow extends Owner {
  readonly type: 'table' | 'view' | 'virtual' | 'shadow'
  readonly wr: number
  readonly strict: number
  readonly sql: string
}

export interface ColumnRow extends Owner {
  readonly cid: number
  readonly name: string
  readonly type: string
  readonly notnull: number
  readonly pk: number
  /** 1: of a virtual table, left out by `*`; 2: generated; 3: generated and stored. */
  readonly hidden: number
}

export interface ForeignKeyRow extends Owner {
  /** Counts down from the first one. */
  readonly id: number
  readonly seq: number
  readonly table: string
  readonly from: string
  readonly to: string | null
}

/** A column of the primary key of a table that is referred to without columns. */
export interface ParentKeyRow extends Owner {
  readonly parent: string
  readonly name: string
  readonly pk: number
}

export interface IndexRow extends Owner {
  /** Counts down from the first one. */
  readonly seq: number
  readonly name: string
  readonly unique: number
  /** Of CREATE INDEX, of UNIQUE, of PRIMARY KEY. */
  readonly origin: 'c' | 'u' | 'pk'
  readonly sql: string | null
}

export interface MemberRow extends Owner {
  readonly index: string
  readonly seqno: number
  /** -1 for the row's number, -2 for an expression. */
  readonly cid: number
  readonly name: string | null
  readonly desc: number
  readonly coll: string
}

export interface TriggerRow extends Owner {
  readonly name: string
  readonly sql: string
}

/** Which objects are read. */
export interface SchemaScope {
  readonly schemas: readonly string[]
  /** Of tables and views, in any capitals; undefined: all. */
  readonly names: readonly string[] | undefined
  /** Those whose columns SQLite cannot tell: to ask for them would be an error. */
  readonly unreadable: readonly Owner[]
}

/**
 * Reads all of it in one statement, and so at one moment. Every pragma is called as a table: a name in it is a parameter, and needs no quotes. What
 * is read of the schema's own table has SQLite look first whether somebody has changed the schema meanwhile; a pragma alone does not.
 */
export async function readSchema(executor: Executor, { schemas, names, unreadable }: SchemaScope): Promise<SchemaRows> {
  const objects = objectsOf(executor, schemas)
  const wanted = names === undefined ? '' : 'and o.name collate nocase in (select value from json_each(:names))'
  const sql = `with objects as materialized (${objects.sql}),
    listed as materialized (select * from pragma_table_list),
    chosen as materialized (
      select l.schema, o.name, l.type, l.wr, l.strict, o.sql from objects o join listed l on l.name = o.name and l.schema = o.schema collate nocase
      where o.type in ('table', 'view') ${wanted}
    ),
    readable as materialized (
      select * from chosen where (schema, name) not in (select value ->> 'schema', value ->> 'owner' from json_each(:unreadable))
    )
    ${PARTS.map(({ part, columns, from }) => `select '${part}' as part, json_object(${columns}) as value from ${from}`).join('\nunion all ')}`
  const parameters = {
    ...objects.parameters,
    ...(names === undefined ? {} : { names: JSON.stringify(names) }),
    unreadable: JSON.stringify(unreadable),
  }
  const rows = await executor.execute<PartRow>(sql, parameters, { rowMode: 'object' }).fetchall()
  const parts = Object.groupBy(rows, ({ part }) => part)
  const partOf = <Name extends keyof SchemaRows>(name: Name): SchemaRows[Name] =>
    // As this module's own statement makes them.
    (parts[name] ?? []).map(({ value }) => JSON.parse(value)) as unknown as SchemaRows[Name]
  return {
    table: partOf('table'),
    column: partOf('column'),
    'foreign key': partOf('foreign key'),
    'parent key': partOf('parent key'),
    index: partOf('index'),
    member: partOf('member'),
    trigger: partOf('trigger'),
  }
}

/** A select of the schemas' own tables, one below another, each row with its schema. */
export function objectsOf(
  { dialect }: Executor,
  schemas: readonly string[],
): { readonly sql: string; readonly parameters: Record<string, string> } {
  const selects = schemas.map(
    (schema, index) => `select :schema${index} as schema, type, name, tbl_name, sql from ${dialect.quoteIdentifier(schema)}.sqlite_schema`,
  )
  return { sql: selects.join(' union all '), parameters: Object.fromEntries(schemas.map((schema, index) => [`schema${index}`, schema])) }
}

interface PartRow {
  readonly part: keyof SchemaRows
  readonly value: string
}

interface Part {
  readonly part: keyof SchemaRows
  readonly columns: string
  readonly from: string
}

const owner = "'schema', c.schema, 'owner', c.name"
// CROSS JOIN is how SQLite is told the order: each table first, then what it has. Left to itself it takes each pair of tables.
const indexes = 'chosen c cross join pragma_index_list(c.name, c.schema) i'
const foreignKeys = 'chosen c cross join pragma_foreign_key_list(c.name, c.schema) f'

const PARTS: readonly Part[] = [
  { part: 'table', columns: `${owner}, 'type', c.type, 'wr', c.wr, 'strict', c.strict, 'sql', c.sql`, from: 'chosen c' },
  {
    part: 'column',
    columns: `${owner}, 'cid', x.cid, 'name', x.name, 'type', x.type, 'notnull', x."notnull", 'pk', x.pk, 'hidden', x.hidden`,
    from: 'readable c cross join pragma_table_xinfo(c.name, c.schema) x',
  },
  {
    part: 'foreign key',
    columns: `${owner}, 'id', f.id, 'seq', f.seq, 'table', f."table", 'from', f."from", 'to', f."to"`,
    from: foreignKeys,
  },
  {
    part: 'parent key',
    columns: `${owner}, 'parent', f."table", 'name', x.name, 'pk', x.pk`,
    from: `${foreignKeys} cross join listed p on p.type = 'table' and p.schema = c.schema and p.name = f."table" collate nocase
      cross join pragma_table_xinfo(p.name, p.schema) x on x.pk > 0 where f."to" is null and f.seq = 0`,
  },
  {
    part: 'index',
    columns: `${owner}, 'seq', i.seq, 'name', i.name, 'unique', i."unique", 'origin', i.origin, 'sql', o.sql`,
    from: `${indexes} left join objects o on o.type = 'index' and o.name = i.name and o.schema = c.schema collate nocase`,
  },
  {
    part: 'member',
    columns: `${owner}, 'index', i.name, 'seqno', x.seqno, 'cid', x.cid, 'name', x.name, 'desc', x."desc", 'coll', x.coll`,
    from: `${indexes} cross join pragma_index_xinfo(i.name, c.schema) x on x.key`,
  },
  {
    part: 'trigger',
    columns: `${owner}, 'name', o.name, 'sql', o.sql`,
    from: `chosen c join objects o on o.type = 'trigger' and o.tbl_name = c.name collate nocase and o.schema = c.schema collate nocase`,
  },
]
