import type { Dialect } from './dialect.ts'

/**
 * What `compile()` of a statement for any dialect gives has a method of this name, which says it in one dialect. A symbol: nothing that was parsed
 * from JSON has it.
 */
export const compileFor = Symbol('offloop.compileFor')

/** A statement of which `executeMany` can make one that takes its values row by row. */
export const compileRows = Symbol('offloop.compileRows')

/** A statement in one dialect, and what is known of the types in it. */
export interface DialectStatement {
  readonly sql: string
  readonly parameters: readonly unknown[]
  readonly typing: StatementTyping | null
}

/** One that takes its values row by row. */
export interface RowsStatement {
  readonly sql: string
  /** The parameters for one row. */
  bind(row: unknown): readonly unknown[]
}

/** What is known of a statement's result before it has come. */
export interface StatementTyping {
  /** The columns in their order, as far as the statement names them. */
  readonly outputs: readonly TypedOutput[]
  /** A column holds integers that a number would not: all are asked for as bigints, and the others made numbers. */
  readonly bigints: boolean
  /** Of an insert of one row. */
  readonly insertedKey: InsertedKey | null
}

/** One column of a result. */
export interface TypedOutput {
  readonly name: string
  /** What becomes of a value that is not NULL; null where it stays as it is. */
  readonly decode: ((value: unknown) => unknown) | null
}

/** Where the key of an inserted row comes from. */
export interface InsertedKey {
  /** Of each column of the key: its value, or the name by which RETURNING gives it, or the row's number that the database has counted. */
  readonly parts: readonly KeyPart[]
  /** The statement ends in a RETURNING that its author has not written: to him it gives no rows. */
  readonly returning: boolean
}

export type KeyPart =
  | { readonly from: 'value'; readonly value: unknown }
  | { readonly from: 'returning'; readonly name: string; readonly decode: ((value: unknown) => unknown) | null }
  | { readonly from: 'lastrowid'; readonly decode: ((value: unknown) => unknown) | null }

/** What says itself in one dialect. */
export interface ForAnyDialect {
  [compileFor](dialect: Dialect): DialectStatement
}

export function isForAnyDialect(value: unknown): value is ForAnyDialect {
  return typeof value === 'object' && value !== null && compileFor in value
}

/** What `executeMany` can make a statement of rows of. */
export interface TakesRows {
  [compileRows](dialect: Dialect, firstRow: unknown): RowsStatement
}

export function takesRows(value: unknown): value is TakesRows {
  return typeof value === 'object' && value !== null && compileRows in value
}
