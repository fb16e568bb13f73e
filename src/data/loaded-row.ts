import type { AnyTable } from '../schema/table-shape.ts'

/** What is done with rows that give the same columns of a table. */
export interface RowStatement {
  readonly table: AnyTable
  readonly text: string
  /** The same for many rows by a COPY, where the database has that. */
  readonly copy?: string | undefined
  /** The columns that its parameters are of, in their order. */
  readonly names: readonly string[]
  /** Rows say which keys they have, and may be sent in another order than that of the file. */
  readonly givesKey: boolean
}

/** Parameters of a statement, and where they stood in a file. */
export interface LoadedRow<S extends RowStatement = RowStatement> {
  /** Counted from 1. */
  readonly line: number
  readonly statement: S
  readonly parameters: readonly unknown[]
}

/** Of these columns, in their order; undefined where the row does not give one. */
export function valuesOf({ statement, parameters }: LoadedRow, columns: readonly string[]): readonly unknown[] {
  return columns.map((column) => parameters[statement.names.indexOf(column)])
}
