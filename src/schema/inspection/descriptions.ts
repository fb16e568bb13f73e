import type { TypeInfo } from './type-info.ts'

/** What becomes of a row whose referred row changes or goes. */
export type ReferentialAction = 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default'

/** SQLite: what becomes of a row that breaks a constraint, where the constraint says so itself. */
export type ConflictAction = 'rollback' | 'abort' | 'fail' | 'ignore' | 'replace'

/** How a column comes to its value when it is computed from others. */
export interface GeneratedDescription {
  readonly expression: string
  /** Computed when the row is written; else each time it is read. */
  readonly stored: boolean
}

/** PostgreSQL: the sequence behind a column. */
export interface SequenceDescription {
  readonly schema: string
  readonly name: string
  readonly start: bigint
  readonly increment: bigint
  readonly minimum: bigint
  readonly maximum: bigint
  /** How many numbers a session takes at a time. */
  readonly cache: bigint
  readonly cycle: boolean
}

/** One column of a table or a view. */
export interface ColumnDescription {
  readonly name: string
  /** As the database spells it: `varchar(100)`, `character varying(100)[]`, `int(10) unsigned`; '' for a column of SQLite without a type. */
  readonly type: string
  readonly typeInfo: TypeInfo
  /** The column can hold NULL: in SQLite a key can, unless it is the row's number or the table is STRICT or WITHOUT ROWID. */
  readonly nullable: boolean
  /** An SQL expression, fit to stand in parentheses, or null. */
  readonly default: string | null
  readonly generated: GeneratedDescription | false
  /** PostgreSQL: GENERATED … AS IDENTITY. */
  readonly identity: 'always' | 'by default' | null
  /**
   * The database counts when an INSERT gives no value: SQLite's INTEGER PRIMARY KEY, MySQL's AUTO_INCREMENT, PostgreSQL's identity and serial
   * columns. Whether SQLite's has the keyword AUTOINCREMENT is an option of its table.
   */
  readonly autoIncrement: boolean
  /** PostgreSQL: behind an identity or serial column. */
  readonly sequence: SequenceDescription | null
  /** MySQL: the expression of ON UPDATE. */
  readonly onUpdate: string | null
  /** Null where it is the default: that of the database in PostgreSQL and SQLite, that of the table in MySQL. */
  readonly collation: string | null
  readonly comment: string | null
  /** Counted from 1. PostgreSQL leaves gaps where columns have been dropped. */
  readonly position: number
  /** MySQL: INVISIBLE, left out by `select *`. */
  readonly hidden: boolean
  /** The values of an enumeration or a set. */
  readonly enumValues: readonly string[] | null
  /** PostgreSQL: the domain that the column was declared with; `typeInfo` is about its base type. */
  readonly domain: { readonly schema: string; readonly name: string } | null
  /** SQLite: ON CONFLICT of its NOT NULL. */
  readonly notNullOnConflict: ConflictAction | null
}

/** One member of an index or a key: a column or an expression. */
export interface KeyMember {
  readonly column: string | null
  readonly expression: string | null
  readonly descending: boolean
  /** Null where it is the column's own, or part of the expression. */
  readonly collation: string | null
  /** PostgreSQL; else null. */
  readonly nullsFirst: boolean | null
  /** MySQL: only so many characters, or bytes, from the value's beginning; null for all of it. */
  readonly length: number | null
  /** PostgreSQL: null where it is the type's default. */
  readonly operatorClass: string | null
}

/** What the members of a primary key and of unique constraints have in common. */
interface KeyDescription {
  readonly columns: readonly string[]
  /** The columns once more, with all that can be said about each. */
  readonly members: readonly KeyMember[]
  readonly deferrable: boolean
  readonly initially: 'immediate' | 'deferred'
  /** PostgreSQL: columns that its index holds beside its own. */
  readonly include: readonly string[]
  /** SQLite. */
  readonly onConflict: ConflictAction | null
}

/** Without a primary key `columns` is empty. */
export interface PrimaryKeyDescription extends KeyDescription {
  /** Null where it has none, as always in MySQL. */
  readonly name: string | null
}

/** One unique constraint of a table. */
export interface UniqueConstraintDescription extends KeyDescription {
  /** Null where it has none, as most have in SQLite. */
  readonly name: string | null
  /** PostgreSQL: NULLS NOT DISTINCT makes it false. */
  readonly nullsDistinct: boolean
}

/** One foreign key of a table. */
export interface ForeignKeyDescription {
  /** Null where it has none, as most have in SQLite. */
  readonly name: string | null
  readonly columns: readonly string[]
  readonly referredTable: string
  /**
   * Absent where a name without a schema finds the referred table. When the referring table was asked for by its schema, it is always there.
   */
  readonly referredSchema?: string
  /** SQLite: empty where the reference names no columns and there is no such table. */
  readonly referredColumns: readonly string[]
  readonly onDelete: ReferentialAction
  readonly onUpdate: ReferentialAction
  readonly deferrable: boolean
  readonly initially: 'immediate' | 'deferred'
  readonly match: 'simple' | 'full' | 'partial'
  /** PostgreSQL: the only columns that ON DELETE SET NULL or SET DEFAULT changes; null for all of them. */
  readonly onDeleteColumns: readonly string[] | null
  /** PostgreSQL: NOT VALID makes it false: rows that were there before may break it. */
  readonly validated: boolean
}

/** One index of a table. */
export interface IndexDescription {
  readonly name: string
  /** The columns among its members; what is an expression is in `members` only. */
  readonly columns: readonly string[]
  readonly unique: boolean
  /** The condition of a partial index. */
  readonly where: string | null
  readonly members: readonly KeyMember[]
  /** In lower case: PostgreSQL's `btree`, `gin`, …, MySQL's `btree`, `hash`, `fulltext`, `spatial`; null in SQLite. */
  readonly method: string | null
  /** PostgreSQL: columns that it holds beside its own. */
  readonly include: readonly string[]
  /** PostgreSQL: NULLS NOT DISTINCT makes it false. */
  readonly nullsDistinct: boolean
  readonly comment: string | null
  /** The whole CREATE INDEX; null in MySQL. */
  readonly sql: string | null
}

/** One CHECK of a table. */
export interface CheckDescription {
  /** Null where it has none, as most have in SQLite, and those that stand at a column in MariaDB. */
  readonly name: string | null
  readonly expression: string
  /** SQLite and MariaDB: the column that it stands at; null where it is the table's, or where the database does not tell. */
  readonly column: string | null
  /** PostgreSQL: NOT VALID makes it false: rows that were there before may break it. */
  readonly validated: boolean
  /** MySQL: NOT ENFORCED makes it false. */
  readonly enforced: boolean
  /** PostgreSQL: NO INHERIT. */
  readonly noInherit: boolean
}

/** PostgreSQL. */
export interface ExclusionConstraintDescription {
  readonly name: string
  /** `EXCLUDE USING gist (…)`, as it stands in CREATE TABLE. */
  readonly definition: string
}

/** One trigger of a table. */
export interface TriggerDescription {
  readonly name: string
  readonly table: string
  /** The whole CREATE TRIGGER. */
  readonly sql: string
}

/** PostgreSQL: a type made by CREATE TYPE … AS ENUM. */
export interface EnumDescription {
  readonly schema: string
  readonly name: string
  readonly values: readonly string[]
}

/** A shadow table is one in which a virtual table of SQLite keeps its data. */
export type TableKind = 'table' | 'view' | 'virtual' | 'shadow' | 'partitioned' | 'foreign' | 'materialized view'

/** What is said about a table as a whole. */
export interface TableOptions {
  readonly kind: TableKind
  /** Of one session only. */
  readonly temporary: boolean
  /** The whole CREATE TABLE, CREATE VIEW or CREATE VIRTUAL TABLE in SQLite, CREATE TABLE of a partitioned table in MySQL; else null. */
  readonly sql: string | null
  readonly comment: string | null
  /** SQLite. */
  readonly strict: boolean
  /** SQLite. */
  readonly withoutRowid: boolean
  /** SQLite: the keyword AUTOINCREMENT; MySQL: one of the columns counts. */
  readonly autoIncrement: boolean
  /** MySQL. */
  readonly engine: string | null
  /** MySQL. */
  readonly charset: string | null
  /** MySQL. */
  readonly collation: string | null
  /** PostgreSQL. */
  readonly unlogged: boolean
  /** PostgreSQL: `RANGE (day)`. */
  readonly partitionBy: string | null
  /** PostgreSQL: whose partition it is, and which: `FOR VALUES FROM … TO …`. */
  readonly partitionOf: { readonly schema: string; readonly table: string; readonly bound: string } | null
  /** PostgreSQL: the tables that it inherits from, in their order. */
  readonly inherits: readonly { readonly schema: string; readonly table: string }[]
}

/** What makes a table a view. */
export interface ViewDescription {
  /** The query alone, without CREATE VIEW. */
  readonly definition: string
  readonly checkOption: 'local' | 'cascaded' | null
}

/** All there is to know about one table or view: enough to make it again. */
export interface TableDescription {
  readonly schema: string
  readonly name: string
  readonly options: TableOptions
  /** In their order. Without the hidden columns of SQLite's virtual tables. */
  readonly columns: readonly ColumnDescription[]
  readonly primaryKey: PrimaryKeyDescription
  readonly foreignKeys: readonly ForeignKeyDescription[]
  readonly uniqueConstraints: readonly UniqueConstraintDescription[]
  /** Without those that merely serve a primary key or a constraint. */
  readonly indexes: readonly IndexDescription[]
  readonly checks: readonly CheckDescription[]
  readonly exclusionConstraints: readonly ExclusionConstraintDescription[]
  readonly triggers: readonly TriggerDescription[]
  /** Null for what is no view. */
  readonly view: ViewDescription | null
  /** Why the database itself cannot tell its columns: a view of a table that is gone, a virtual table whose module is missing. Else null. */
  readonly unreadable: string | null
}
