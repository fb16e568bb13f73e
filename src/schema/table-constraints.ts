import { ArgumentError } from '../errors.ts'
import { checkIdentifier } from '../sql/dialect.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'
import { checkOptionNames } from '../sql/option-names.ts'
import { describeValue } from '../sql/parameters.ts'
import type { Column } from './column.ts'
import type { Reference } from './column-options.ts'
import {
  type Constraint,
  checkConstraint,
  type ForeignKeyConstraint,
  foreignKeyConstraint,
  type Index,
  index,
  type PrimaryKeyConstraint,
  primaryKeyConstraint,
  uniqueConstraint,
} from './constraints.ts'
import { type NamingConvention, nameAfter } from './naming-convention.ts'

/** What is known of a table while it is being made. */
interface Unfinished {
  readonly name: string
  readonly columns: readonly Column[]
  readonly options: { readonly constraints?: readonly Constraint[] | undefined; readonly indexes?: readonly Index[] | undefined }
}

const optionOf: Readonly<Record<Constraint['kind'] | Index['kind'], 'constraints' | 'indexes'>> = {
  unique: 'constraints',
  check: 'constraints',
  foreignKey: 'constraints',
  primaryKey: 'constraints',
  index: 'indexes',
}

/** @throws {ArgumentError} one of the two is no list, or has something else in it */
export function checkParts(owner: string, options: Unfinished['options']): void {
  for (const [option, makers] of [
    ['constraints', 'uniqueConstraint() and the like make'],
    ['indexes', 'index() makes'],
  ] as const) {
    const found: unknown = options[option]
    if (found === undefined) continue
    const fits = (part: Partial<Constraint | Index> | null | undefined) => part?.kind !== undefined && optionOf[part.kind] === option
    if (Array.isArray(found) && found.every(fits)) continue
    const wrong: unknown = Array.isArray(found) ? found.find((part) => !fits(part)) : found
    throw new ArgumentError(`${owner}: the option "${option}" takes a list of what ${makers}, found ${describeValue(wrong)}.`)
  }
}

/** The constraints that columns and options ask for, named by the convention. */
export function constraintsOf(
  table: Unfinished,
  convention: NamingConvention,
): { readonly primaryKey: PrimaryKeyConstraint | null; readonly constraints: readonly Constraint[] } {
  const given = table.options.constraints ?? []
  const ofColumns = table.columns.flatMap(constraintsOfColumn)
  const all = [...ofColumns, ...given.filter(({ kind }) => kind !== 'primaryKey')]
  for (const constraint of given) checkColumns(table, constraint)
  const constraints = all.map((constraint) => named(constraint, table.name, convention))
  for (const { name } of constraints) if (name !== undefined) checkIdentifier(name)
  return { primaryKey: primaryKeyOf(table, given, convention), constraints: Object.freeze(constraints) }
}

/** The indexes that columns and options ask for. */
export function indexesOf(table: Unfinished, convention: NamingConvention): readonly Index[] {
  const ofColumns = table.columns
    .filter(({ options }) => options.index === true)
    .map(({ name }) => index(nameAfter(convention.index ?? 'ix_{table}_{columns}', table.name, [name]), [name]))
  const given = table.options.indexes ?? []
  for (const { name, members } of given) {
    checkIdentifier(name)
    for (const member of members) if (typeof member === 'string') checkColumn(table, member, `Index "${name}"`)
  }
  return Object.freeze([...ofColumns, ...given])
}

function primaryKeyOf(table: Unfinished, given: readonly Constraint[], convention: NamingConvention): PrimaryKeyConstraint | null {
  const columns = table.columns.filter(({ options }) => options.primaryKey === true).map(({ name }) => name)
  const explicit = given.find((constraint) => constraint.kind === 'primaryKey')
  const key = explicit ?? (columns.length === 0 ? null : primaryKeyConstraint(columns))
  if (key === null) return null
  const differs = key.columns.length !== columns.length || key.columns.some((name) => !columns.includes(name))
  if (differs) {
    throw new ArgumentError(`Table "${table.name}": primaryKeyConstraint() names other columns than those with primaryKey: true.`)
  }
  return named(key, table.name, convention)
}

function constraintsOfColumn({ name, options }: Column): readonly Constraint[] {
  const made: Constraint[] = []
  if (options.unique === true) made.push(uniqueConstraint([name]))
  if (options.check !== undefined) made.push(checkConstraint(options.check))
  if (options.references !== undefined) made.push(referenceOf(name, options.references))
  return made
}

function referenceOf(column: string, given: string | Reference): ForeignKeyConstraint {
  if (typeof given !== 'string') checkOptionNames(given, ['column', 'onDelete', 'onUpdate', 'name'], 'The option "references"')
  const { column: target, onDelete, onUpdate, name } = typeof given === 'string' ? ({ column: given } as Reference) : given
  const parts = splitKey(target)
  if (parts === null) {
    throw new ArgumentError(
      `The option "references" takes 'table.column' or 'schema.table.column', found ${printableName(String(target))}.`,
    )
  }
  return foreignKeyConstraint([column], parts.table, [parts.column], { onDelete, onUpdate, name })
}

/** 'schema.table.column' → 'schema.table' and 'column'. */
function splitKey(target: unknown): { readonly table: string; readonly column: string } | null {
  if (typeof target !== 'string') return null
  const dot = target.lastIndexOf('.')
  return dot <= 0 || dot === target.length - 1 ? null : { table: target.slice(0, dot), column: target.slice(dot + 1) }
}

function named<T extends Constraint>(constraint: T, table: string, convention: NamingConvention): T {
  const pattern = convention[constraint.kind]
  if (constraint.name !== undefined || pattern === undefined) return constraint
  const columns = constraint.kind === 'check' ? [] : constraint.columns
  return { ...constraint, name: nameAfter(pattern, table, columns) }
}

function checkColumns(table: Unfinished, constraint: Constraint): void {
  if (constraint.kind === 'check') return
  for (const column of constraint.columns) checkColumn(table, column, `A constraint of table "${table.name}"`)
}

function checkColumn({ columns }: Unfinished, name: string, what: string): void {
  const names = columns.map((column) => column.name)
  if (!names.includes(name))
    throw new ArgumentError(`${what} names no column of its table: ${printableName(name)}.${didYouMean(name, names)}`)
}
