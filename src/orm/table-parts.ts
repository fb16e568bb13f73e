import { ArgumentError } from '../errors.ts'
import type { Constraint, Index, Lengths } from '../schema/constraints.ts'
import { checkParts } from '../schema/table-constraints.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'

/** What the table of a model has beside the columns of its fields. SQL of one's own, as in a check, names the columns. */
export interface TableParts {
  /** Made by `uniqueConstraint()` and the like of `offloop/schema`. They name fields of the model. */
  readonly constraints?: readonly Constraint[] | undefined
  /** Made by `index()` of `offloop/schema`. They name fields of the model. */
  readonly indexes?: readonly Index[] | undefined
}

/** The same, all of it, with the names of columns. */
export interface ColumnParts {
  readonly constraints: readonly Constraint[]
  readonly indexes: readonly Index[]
}

interface Owner {
  readonly tableName: string
  readonly fields: ReadonlyMap<string, { readonly column: string }>
}

/**
 * What a model was told, by the columns of its fields.
 *
 * @throws {ArgumentError} something is neither, or names no field
 */
export function partsByColumn(owner: Owner, { constraints = [], indexes = [] }: TableParts): ColumnParts {
  checkParts(`Model "${owner.tableName}"`, { constraints, indexes })
  const column = (name: string) => columnOf(owner, name)
  return {
    constraints: constraints.map((constraint) => {
      if (constraint.kind === 'check') return constraint
      const columns = constraint.columns.map(column)
      return constraint.kind === 'primaryKey'
        ? { ...constraint, columns, lengths: lengthsOf(constraint, column) }
        : { ...constraint, columns }
    }),
    indexes: indexes.map((index) => {
      const members = index.members.map((member) => (typeof member === 'string' ? column(member) : member))
      return { ...index, members, lengths: lengthsOf(index, column) }
    }),
  }
}

function columnOf({ tableName, fields }: Owner, name: string): string {
  const field = fields.get(name) ?? [...fields.values()].find((candidate) => candidate.column === name)
  if (field !== undefined) return field.column
  throw new ArgumentError(
    `Model "${tableName}": a constraint or an index names no field: ${printableName(name)}.${didYouMean(name, [...fields.keys()])}`,
  )
}

function lengthsOf({ lengths }: { readonly lengths?: Lengths | undefined }, column: (name: string) => string): Lengths | undefined {
  return lengths && Object.fromEntries(Object.entries(lengths).map(([name, length]) => [column(name), length]))
}
