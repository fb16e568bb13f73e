import type { Executor } from '../../../sql/executor.ts'

/** What one read of the catalog gives: https://www.postgresql.org/docs/current/catalogs.html */
export interface SchemaRows {
  readonly asked: readonly AskedRow[]
  readonly table: readonly TableRow[]
  readonly parent: readonly ParentRow[]
  readonly column: readonly ColumnRow[]
  readonly sequence: readonly SequenceRow[]
  readonly type: readonly TypeRow[]
  readonly constraint: readonly ConstraintRow[]
  readonly 'referred column': readonly ReferredColumnRow[]
  readonly index: readonly IndexRow[]
  readonly member: readonly MemberRow[]
  readonly trigger: readonly TriggerRow[]
}

/** Which table a row is about: its oid, in digits as all oids here. */
interface Owned {
  readonly owner: string
}

/** A name that was asked for: the server cuts long ones. */
export interface AskedRow extends Owned {
  readonly name: string
}

export interface TableRow extends Owned {
  readonly schema: string
  readonly name: string
  /** r table, p partitioned, f foreign, v view, m materialized view. */
  readonly kind: 'r' | 'p' | 'f' | 'v' | 'm'
  /** p permanent, u unlogged, t temporary. */
  readonly persistence: 'p' | 'u' | 't'
  readonly comment: string | null
  readonly options: readonly string[] | null
  readonly definition: string | null
  readonly partitionBy: string | null
  readonly isPartition: boolean
  readonly bound: string | null
}

/** A table that another one inherits from, or is a partition of. */
export interface ParentRow extends Owned {
  readonly place: number
  readonly schema: string
  readonly table: string
}

export interface ColumnRow extends Owned {
  readonly name: string
  readonly position: number
  readonly type: string
  readonly typeId: string
  readonly modifier: number
  readonly dimensions: number
  readonly notNull: boolean
  readonly hasDefault: boolean
  readonly default: string | null
  /** s stored, v virtual, '' neither. */
  readonly generated: string
  /** a always, d by default, '' neither. */
  readonly identity: string
  readonly collation: string | null
  readonly comment: string | null
}

/** A sequence that lives and dies with a column. Numbers of 64 bits as their digits. */
export interface SequenceRow extends Owned {
  readonly position: number
  readonly schema: string
  readonly name: string
  readonly start: string
  readonly increment: string
  readonly minimum: string
  readonly maximum: string
  readonly cache: string
  readonly cycle: boolean
}

/** A type of one of the columns, or one that such a type is made of. */
export interface TypeRow {
  readonly id: string
  readonly name: string
  readonly schema: string
  /** Without length and precision. */
  readonly spelled: string
  /** d domain, e enumeration, … */
  readonly kind: string
  readonly element: string | null
  readonly base: string | null
  readonly modifier: number
  readonly dimensions: number
  readonly notNull: boolean
  readonly labels: readonly string[] | null
}

/** Columns as their numbers. */
export interface ConstraintRow extends Owned {
  readonly id: string
  readonly name: string
  /** c check, f foreign key, p primary key, u unique, x exclusion. */
  readonly kind: 'c' | 'f' | 'p' | 'u' | 'x'
  readonly columns: readonly number[] | null
  readonly expression: string | null
  readonly definition: string | null
  readonly deferrable: boolean
  readonly deferred: boolean
  readonly validated: boolean
  readonly noInherit: boolean
  readonly onDelete: string
  readonly onUpdate: string
  readonly match: string
  readonly referredTable: string | null
  readonly referredSchema: string | null
  readonly referredVisible: boolean | null
  readonly onDeleteColumns: readonly number[] | null
}

export interface ReferredColumnRow extends Owned {
  readonly constraint: string
  readonly place: number
  readonly name: string
}

export interface IndexRow extends Owned {
  readonly id: string
  readonly name: string
  /** The constraint that it serves. */
  readonly constraint: string | null
  readonly unique: boolean
  readonly method: string
  readonly partial: boolean
  readonly where: string | null
  readonly sql: string | null
  readonly comment: string | null
  readonly nullsNotDistinct: boolean
}

export interface MemberRow extends Owned {
  readonly index: string
  readonly place: number
  readonly column: string | null
  readonly expression: string | null
  /** Held beside the index's own members. */
  readonly included: boolean
  /** 1 descending, 2 nulls first. */
  readonly option: number
  readonly collation: string | null
  readonly operatorClass: string | null
}

export interface TriggerRow extends Owned {
  readonly name: string
  readonly sql: string | null
}

/** Which tables are read: those that a condition on `c`, a pg_class, and `n`, its pg_namespace, holds for. */
export interface SchemaScope {
  readonly condition: string
  /** Only those of these names, in what `$1` is. */
  readonly byName: boolean
  readonly values: readonly unknown[]
}

/**
 * Reads all of it in one statement, and so at one moment. It is one of joins: with a query for each table or column inside it PostgreSQL took it
 * for twenty times as dear. Functions that write SQL out of the catalog (`pg_get_…`) look at it as it is when they run, and give null where the
 * object has gone meanwhile.
 */
export async function readSchema(executor: Executor, { condition, byName, values }: SchemaScope): Promise<SchemaRows> {
  const named = byName ? 'c.relname in (select w.asked::name from unnest($1::text[]) w (asked)) and ' : ''
  const parts = byName ? [ASKED, ...PARTS] : PARTS
  const selects = parts.map(
    ({ part, columns, from }) => `select '${part}' as part, json_agg(json_build_object(${columns}))::text as rows from ${from}`,
  )
  const sql = `with recursive chosen as materialized (
      select c.*, n.nspname from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where ${named}${condition}
    ), used (id) as (
      select a.atttypid from chosen c join pg_catalog.pg_attribute a on ${IS_COLUMN}
      union select case t.typtype when 'd' then t.typbasetype else t.typelem end
        from used join pg_catalog.pg_type t on t.oid = used.id where t.typtype = 'd' or t.typelem <> 0
    )
    ${selects.join('\nunion all ')}`
  const read = await executor
    .execute<{ readonly part: string; readonly rows: string | null }>(sql, values, { rowMode: 'object' })
    .fetchall()
  const texts = new Map(read.map(({ part, rows }) => [part, rows]))
  // As this module's own statement makes them.
  const rowsOf = <Part extends keyof SchemaRows>(part: Part): SchemaRows[Part] => JSON.parse(texts.get(part) ?? '[]') as SchemaRows[Part]
  return {
    asked: rowsOf('asked'),
    table: rowsOf('table'),
    parent: rowsOf('parent'),
    column: rowsOf('column'),
    sequence: rowsOf('sequence'),
    type: rowsOf('type'),
    constraint: rowsOf('constraint'),
    'referred column': rowsOf('referred column'),
    index: rowsOf('index'),
    member: rowsOf('member'),
    trigger: rowsOf('trigger'),
  }
}

interface Part {
  readonly part: keyof SchemaRows
  readonly columns: string
  readonly from: string
}

const IS_COLUMN = 'a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped'
/** The oid of the collation that means the database's, the same everywhere: pg_collation.dat. */
const DEFAULT_COLLATION = 100
const OWNER = "'owner', c.oid::text"

const ASKED: Part = {
  part: 'asked',
  columns: `${OWNER}, 'name', w.asked`,
  from: 'unnest($1::text[]) w (asked) join chosen c on c.relname = w.asked::name',
}

const PARTS: readonly Part[] = [
  {
    part: 'table',
    columns: `${OWNER}, 'schema', c.nspname, 'name', c.relname, 'kind', c.relkind, 'persistence', c.relpersistence,
      'comment', pg_catalog.obj_description(c.oid, 'pg_class'), 'options', c.reloptions,
      'definition', case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end,
      'partitionBy', case c.relkind when 'p' then pg_catalog.pg_get_partkeydef(c.oid) end,
      'isPartition', c.relispartition, 'bound', pg_catalog.pg_get_expr(c.relpartbound, c.oid)`,
    from: 'chosen c',
  },
  {
    part: 'parent',
    columns: `${OWNER}, 'place', h.inhseqno, 'schema', pn.nspname, 'table', p.relname`,
    from: `chosen c join pg_catalog.pg_inherits h on h.inhrelid = c.oid join pg_catalog.pg_class p on p.oid = h.inhparent
      join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace`,
  },
  {
    part: 'column',
    columns: `${OWNER}, 'name', a.attname, 'position', a.attnum, 'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
      'typeId', a.atttypid::text, 'modifier', a.atttypmod, 'dimensions', a.attndims, 'notNull', a.attnotnull,
      'hasDefault', d.adrelid is not null, 'default', pg_catalog.pg_get_expr(d.adbin, d.adrelid), 'generated', a.attgenerated,
      'identity', a.attidentity, 'collation', l.collname, 'comment', pg_catalog.col_description(c.oid, a.attnum)`,
    from: `chosen c join pg_catalog.pg_attribute a on ${IS_COLUMN} join pg_catalog.pg_type t on t.oid = a.atttypid
      left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      left join pg_catalog.pg_collation l on l.oid = a.attcollation and a.attcollation <> t.typcollation`,
  },
  {
    part: 'sequence',
    columns: `${OWNER}, 'position', r.refobjsubid, 'schema', sn.nspname, 'name', s.relname, 'start', q.seqstart::text,
      'increment', q.seqincrement::text, 'minimum', q.seqmin::text, 'maximum', q.seqmax::text, 'cache', q.seqcache::text, 'cycle', q.seqcycle`,
    from: `chosen c join pg_catalog.pg_depend r on r.refobjid = c.oid and r.refobjsubid > 0 and r.deptype in ('a', 'i')
        and r.classid = 'pg_catalog.pg_class'::regclass and r.refclassid = 'pg_catalog.pg_class'::regclass
      join pg_catalog.pg_class s on s.oid = r.objid join pg_catalog.pg_namespace sn on sn.oid = s.relnamespace
      join pg_catalog.pg_sequence q on q.seqrelid = s.oid`,
  },
  {
    part: 'type',
    columns: `'id', t.oid::text, 'name', t.typname, 'schema', tn.nspname, 'spelled', pg_catalog.format_type(t.oid, null), 'kind', t.typtype,
      'element', e.oid::text, 'base', nullif(t.typbasetype, 0)::text, 'modifier', t.typtypmod, 'dimensions', t.typndims,
      'notNull', t.typnotnull, 'labels', labels.texts`,
    from: `used join pg_catalog.pg_type t on t.oid = used.id join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
      left join pg_catalog.pg_type e on e.oid = t.typelem and e.typarray = t.oid
      left join (select enumtypid, json_agg(enumlabel order by enumsortorder) as texts from pg_catalog.pg_enum group by enumtypid) labels
        on labels.enumtypid = t.oid`,
  },
  {
    part: 'constraint',
    // Through JSON, as older servers do not have the column: PostgreSQL 15.
    columns: `${OWNER}, 'id', k.oid::text, 'name', k.conname, 'kind', k.contype, 'columns', k.conkey,
      'expression', pg_catalog.pg_get_expr(k.conbin, k.conrelid),
      'definition', case k.contype when 'x' then pg_catalog.pg_get_constraintdef(k.oid) end,
      'deferrable', k.condeferrable, 'deferred', k.condeferred, 'validated', k.convalidated, 'noInherit', k.connoinherit,
      'onDelete', k.confdeltype, 'onUpdate', k.confupdtype, 'match', k.confmatchtype, 'referredTable', r.relname,
      'referredSchema', rn.nspname, 'referredVisible', pg_catalog.pg_table_is_visible(r.oid), 'onDeleteColumns', to_jsonb(k) -> 'confdelsetcols'`,
    // A foreign key to a partitioned table has a copy of itself for each of the partitions, which nobody has declared.
    from: `chosen c join pg_catalog.pg_constraint k on k.conrelid = c.oid and k.contype in ('c', 'f', 'p', 'u', 'x')
      left join pg_catalog.pg_constraint o on o.oid = k.conparentid and o.conrelid = k.conrelid
      left join pg_catalog.pg_class r on r.oid = k.confrelid left join pg_catalog.pg_namespace rn on rn.oid = r.relnamespace
      where o.oid is null`,
  },
  {
    part: 'referred column',
    columns: `${OWNER}, 'constraint', k.oid::text, 'place', x.place, 'name', a.attname`,
    from: `chosen c join pg_catalog.pg_constraint k on k.conrelid = c.oid and k.contype = 'f'
      cross join unnest(k.confkey) with ordinality x (number, place)
      join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = x.number`,
  },
  {
    part: 'index',
    columns: `${OWNER}, 'id', i.indexrelid::text, 'name', ic.relname, 'constraint', k.conname, 'unique', i.indisunique, 'method', am.amname,
      'partial', i.indpred is not null, 'where', pg_catalog.pg_get_expr(i.indpred, i.indrelid), 'sql', pg_catalog.pg_get_indexdef(i.indexrelid),
      'comment', pg_catalog.obj_description(i.indexrelid, 'pg_class'),
      'nullsNotDistinct', coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false)`,
    from: `chosen c join pg_catalog.pg_index i on i.indrelid = c.oid join pg_catalog.pg_class ic on ic.oid = i.indexrelid
      join pg_catalog.pg_am am on am.oid = ic.relam
      left join pg_catalog.pg_constraint k on k.conindid = i.indexrelid and k.conrelid = c.oid and k.contype in ('p', 'u', 'x')`,
  },
  {
    part: 'member',
    // The vectors of pg_index count from 0, and beyond the own members of the index there is nothing in most of them.
    columns: `${OWNER}, 'index', i.indexrelid::text, 'place', m.place, 'column', a.attname,
      'expression', case m.number when 0 then pg_catalog.pg_get_indexdef(i.indexrelid, m.place::int, false) end,
      'included', m.place > i.indnkeyatts, 'option', coalesce(i.indoption[m.place - 1], 0), 'collation', l.collname, 'operatorClass', oc.opcname`,
    from: `chosen c join pg_catalog.pg_index i on i.indrelid = c.oid cross join unnest(i.indkey::int2[]) with ordinality m (number, place)
      left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = m.number and m.number <> 0
      left join pg_catalog.pg_collation l on l.oid = i.indcollation[m.place - 1] and l.oid <> coalesce(a.attcollation, ${DEFAULT_COLLATION})
      left join pg_catalog.pg_opclass oc on oc.oid = i.indclass[m.place - 1] and not oc.opcdefault`,
  },
  {
    part: 'trigger',
    columns: `${OWNER}, 'name', g.tgname, 'sql', pg_catalog.pg_get_triggerdef(g.oid)`,
    // A partition has copies of the triggers of its parent.
    from: `chosen c join pg_catalog.pg_trigger g on g.tgrelid = c.oid and not g.tgisinternal
      and coalesce((to_jsonb(g) ->> 'tgparentid')::int8, 0) = 0`,
  },
]
