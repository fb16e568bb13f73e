import type { Sql } from '../sql/template.ts'

/** What becomes of a row when the row it refers to is deleted, or its key changed. */
export type ReferentialAction = 'cascade' | 'restrict' | 'set null' | 'set default' | 'no action'

/** A column of another table that this one refers to. */
export interface Reference {
  /** 'table.column', or 'schema.table.column'. */
  readonly column: string
  readonly onDelete?: ReferentialAction | undefined
  readonly onUpdate?: ReferentialAction | undefined
  /** Of the constraint. */
  readonly name?: string | undefined
}

/** A column whose value the database computes. */
export interface Generated {
  readonly as: Sql
  /** Kept in the table, and not computed when it is read. Default: true. */
  readonly stored?: boolean | undefined
}

/** What every kind of column can be told. `V` is its value in JavaScript. */
export interface ColumnOptions<V = unknown> {
  /** Several of them make a composite key. Default: false. */
  readonly primaryKey?: boolean | undefined
  /** Whether the database counts it up. Default: true for a key of one column that holds whole numbers and refers to nothing. */
  readonly autoIncrement?: boolean | undefined
  /** Default: true, and false for keys. */
  readonly nullable?: boolean | undefined
  /** What an insert that does not name the column stores; a function is asked for each row. */
  readonly default?: V | (() => V) | undefined
  /** The DEFAULT of the column in the database. */
  readonly serverDefault?: Sql | undefined
  /** What an update that does not name the column stores. */
  readonly onUpdate?: V | (() => V) | undefined
  /** MySQL: ON UPDATE of the column, which the database itself then sets: `` sql`current_timestamp` ``. */
  readonly serverOnUpdate?: Sql | undefined
  readonly unique?: boolean | undefined
  readonly index?: boolean | undefined
  /** 'table.column' or 'schema.table.column': a foreign key. */
  readonly references?: string | Reference | undefined
  /** A condition that every row must meet. */
  readonly check?: Sql | undefined
  readonly generated?: Generated | undefined
  /** How texts are compared and ordered. */
  readonly collation?: string | undefined
  readonly comment?: string | undefined
}

/** The names of all options, for whoever checks what a program without types has written. */
export const columnOptionNames: readonly (keyof ColumnOptions)[] = [
  'primaryKey',
  'autoIncrement',
  'nullable',
  'default',
  'serverDefault',
  'onUpdate',
  'serverOnUpdate',
  'unique',
  'index',
  'references',
  'check',
  'generated',
  'collation',
  'comment',
]

/**
 * Options, and none but those that there are: a misspelled one beside others is no excess property for a type parameter, which would take it along.
 */
export type KnownOptions<O, All> = All & { readonly [K in Exclude<keyof O, keyof All>]: never }
