import { ArgumentError } from '../errors.ts'
import type { DialectName } from '../sql/dialect.ts'
import { printableName } from '../sql/nearest-name.ts'
import { checkOptionNames } from '../sql/option-names.ts'
import { describeValue } from '../sql/parameters.ts'
import { Sql } from '../sql/template.ts'
import type { ReferentialAction } from './column-options.ts'

/** MySQL: how many characters, or bytes, of a column's beginning are in an index or a key; of a column that is not named, all. */
export type Lengths = Readonly<Record<string, number>>

interface Named {
  /** Undefined: by the naming convention, or by the database. */
  readonly name: string | undefined
}

/** No two rows have the same values in these columns. Made by `uniqueConstraint()`, or by `unique: true`. */
export interface UniqueConstraint extends Named {
  readonly kind: 'unique'
  readonly columns: readonly string[]
}

/** Every row meets a condition. Made by `checkConstraint()`, or by the option `check`. */
export interface CheckConstraint extends Named {
  readonly kind: 'check'
  readonly expression: Sql
}

/** Columns hold the key of a row of another table. Made by `foreignKeyConstraint()`, or by the option `references`. */
export interface ForeignKeyConstraint extends Named {
  readonly kind: 'foreignKey'
  readonly columns: readonly string[]
  /** 'table' or 'schema.table'. */
  readonly referredTable: string
  readonly referredColumns: readonly string[]
  readonly onDelete: ReferentialAction | undefined
  readonly onUpdate: ReferentialAction | undefined
  readonly deferrable: boolean | undefined
  readonly initiallyDeferred: boolean | undefined
}

/** The key of a table. Made by `primaryKeyConstraint()`, or by `primaryKey: true`. */
export interface PrimaryKeyConstraint extends Named {
  readonly kind: 'primaryKey'
  readonly columns: readonly string[]
  readonly lengths?: Lengths | undefined
}

/** What every row of a table has to meet; `kind` tells them apart. */
export type Constraint = UniqueConstraint | CheckConstraint | ForeignKeyConstraint | PrimaryKeyConstraint

/** An index of a table. */
export interface Index {
  readonly kind: 'index'
  readonly name: string
  /** Columns by name, or expressions, in their order; `desc` in an expression counts down. */
  readonly members: readonly (string | Sql)[]
  readonly unique: boolean
  /** Only rows that meet it are in the index. */
  readonly where: Sql | undefined
  readonly lengths: Lengths | undefined
  /** The whole CREATE INDEX of a reflected index that cannot be said otherwise. */
  readonly sql: string | undefined
  /** Whose that is: other kinds of databases have no such index. */
  readonly sqlOf?: DialectName | undefined
}

interface NameOption {
  readonly name?: string | undefined
}

interface LengthsOption {
  /** MySQL, where texts and bytes without a limit need it: only so much of a column's beginning is in it, by the column's name. */
  readonly lengths?: Lengths | undefined
}

/** No two rows have the same values in these columns. */
export function uniqueConstraint(columns: readonly string[], options: NameOption = {}): UniqueConstraint {
  return Object.freeze({ kind: 'unique', name: nameIn('uniqueConstraint', options), columns: columnList('uniqueConstraint', columns) })
}

/** Every row meets this condition. */
export function checkConstraint(expression: Sql, options: NameOption = {}): CheckConstraint {
  if (!(expression instanceof Sql)) throw new TypeError(`checkConstraint() takes a sql\`…\` value, found ${describeValue(expression)}.`)
  return Object.freeze({ kind: 'check', name: nameIn('checkConstraint', options), expression })
}

/** The key of these columns. Needed only to give it a name: `primaryKey: true` of the columns makes one too. */
export function primaryKeyConstraint(columns: readonly string[], options: NameOption & LengthsOption = {}): PrimaryKeyConstraint {
  checkOptionNames(options, ['name', 'lengths'], 'primaryKeyConstraint()')
  const { name, lengths } = options
  const list = columnList('primaryKeyConstraint', columns)
  return Object.freeze({ kind: 'primaryKey', name, columns: list, lengths: checkedLengths(lengths, list) })
}

/** What becomes of a row when the one that it refers to goes or changes, and when that is checked. */
export interface ForeignKeyOptions extends NameOption {
  readonly onDelete?: ReferentialAction | undefined
  readonly onUpdate?: ReferentialAction | undefined
  readonly deferrable?: boolean | undefined
  readonly initiallyDeferred?: boolean | undefined
}

const foreignKeyOptionNames: readonly string[] = [
  'name',
  'onDelete',
  'onUpdate',
  'deferrable',
  'initiallyDeferred',
] satisfies (keyof ForeignKeyOptions)[]
const actions: ReadonlySet<unknown> = new Set<ReferentialAction>(['cascade', 'restrict', 'set null', 'set default', 'no action'])

/**
 * These columns hold the key of a row of another table.
 *
 * @param table 'table' or 'schema.table'
 */
export function foreignKeyConstraint(
  columns: readonly string[],
  table: string,
  referredColumns: readonly string[],
  options: ForeignKeyOptions = {},
): ForeignKeyConstraint {
  const from = columnList('foreignKeyConstraint', columns)
  const to = columnList('foreignKeyConstraint', referredColumns)
  if (from.length !== to.length) {
    throw new ArgumentError(`foreignKeyConstraint() takes as many columns as it refers to: found ${from.length} and ${to.length}.`)
  }
  checkOptionNames(options, foreignKeyOptionNames, 'foreignKeyConstraint()')
  const { name, onDelete, onUpdate, deferrable, initiallyDeferred } = options
  return Object.freeze({
    kind: 'foreignKey',
    name,
    columns: from,
    referredTable: table,
    referredColumns: to,
    onDelete: action('onDelete', onDelete),
    onUpdate: action('onUpdate', onUpdate),
    deferrable,
    initiallyDeferred,
  })
}

/** @throws {ArgumentError} it is none of the five */
export function action(option: string, given: ReferentialAction | undefined): ReferentialAction | undefined {
  if (given === undefined || actions.has(given)) return given
  throw new ArgumentError(`The option "${option}" takes 'cascade', 'restrict', 'set null', 'set default' or 'no action'.`)
}

/** What an index is, beside its columns. */
export interface IndexOptions extends LengthsOption {
  /** Default: false. */
  readonly unique?: boolean | undefined
  /** SQLite and PostgreSQL: only rows that meet it are in the index. */
  readonly where?: Sql | undefined
}

/** An index over columns, or over expressions: `` index('by_name', [sql`lower(name)`]) ``. */
export function index(name: string, columns: readonly (string | Sql)[], options: IndexOptions = {}): Index {
  checkOptionNames(options, ['unique', 'where', 'lengths'], 'index()')
  const { unique = false, where, lengths } = options
  if (!Array.isArray(columns) || columns.length === 0) throw new TypeError('index() takes a list of columns or sql`…` values.')
  for (const member of columns) {
    if (typeof member !== 'string' && !(member instanceof Sql)) {
      throw new TypeError(`index() takes columns by name or sql\`…\` values, found ${describeValue(member)}.`)
    }
  }
  if (where !== undefined && !(where instanceof Sql)) throw new TypeError('The option "where" of an index takes a sql`…` value.')
  const members = Object.freeze([...columns])
  return Object.freeze({ kind: 'index', name, members, unique, where, lengths: checkedLengths(lengths, members), sql: undefined })
}

function checkedLengths(lengths: Lengths | undefined, members: readonly (string | Sql)[]): Lengths | undefined {
  for (const [column, length] of Object.entries(lengths ?? {})) {
    if (!members.includes(column))
      throw new ArgumentError(`The option "lengths" names ${printableName(column)}, which is none of the columns.`)
    if (!Number.isInteger(length) || length < 1) throw new RangeError('The option "lengths" takes whole numbers, 1 or more.')
  }
  return lengths === undefined || Object.keys(lengths).length === 0 ? undefined : Object.freeze({ ...lengths })
}

function nameIn(maker: string, options: NameOption): string | undefined {
  checkOptionNames(options, ['name'], `${maker}()`)
  return options.name
}

function columnList(maker: string, columns: readonly string[]): readonly string[] {
  if (!Array.isArray(columns) || columns.length === 0 || columns.some((column) => typeof column !== 'string')) {
    throw new TypeError(`${maker}() takes a list of columns by name.`)
  }
  return Object.freeze([...columns])
}
