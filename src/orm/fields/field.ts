import { ArgumentError } from '../../errors.ts'
import type { ColumnOptions } from '../../schema/column-options.ts'
import { ColumnSpec } from '../../schema/column-spec.ts'
import type { ColumnType } from '../../schema/column-type.ts'
import type { Narrowed, ShapeFor } from '../../schema/json-value.ts'
import { didYouMean, printableName } from '../../sql/nearest-name.ts'
import type { Sql } from '../../sql/template.ts'
import { among, type Check } from './checks.ts'

/** What every kind of field can be told. `V` is its value in JavaScript. */
export interface FieldOptions<V = unknown> {
  /** Several of them make a composite key. */
  readonly primaryKey?: boolean | undefined
  /** Default: false. */
  readonly allowNull?: boolean | undefined
  /** What an instance that is created without a value has; a function is asked for each. */
  readonly default?: V | (() => V) | undefined
  readonly index?: boolean | undefined
  readonly unique?: boolean | undefined
  readonly choices?: readonly V[] | undefined
  /** The DEFAULT of the column: what it is comes back with the insert. */
  readonly serverDefault?: Sql | undefined
  /** What an update that does not name the field stores. */
  readonly onUpdate?: V | (() => V) | undefined
  /** What the column is called. Default: as the field. */
  readonly column?: string | undefined
}

const commonOptions = ['primaryKey', 'allowNull', 'default', 'index', 'unique', 'choices', 'serverDefault', 'onUpdate', 'column']

/** What a maker says of its kind of field. */
export interface FieldKind<K extends string = string> {
  readonly kind: K
  readonly type: ColumnType
  readonly check: Check
  /** Options beside the common ones. */
  readonly own: readonly string[]
}

/**
 * A field of a model: what a value must be, and the column that holds it. `Out` is the type of its values in instances, `In` of what it can be
 * set to, `O` what it was told, `K` its kind: the name of its maker.
 */
export class Field<Out, In, O extends object, K extends string = string> {
  /** Only for the compiler. */
  declare readonly $out: Out
  declare readonly $in: In
  readonly kind: K
  readonly options: O
  readonly type: ColumnType
  readonly check: Check

  /** @throws {ArgumentError} an option is unknown, or contradicts another one */
  constructor({ kind, type, check, own }: FieldKind<K>, options: O | undefined) {
    const given = options ?? ({} as O)
    checkFieldOptions(kind, given, own)
    this.kind = kind
    this.type = type
    this.options = Object.freeze({ ...given })
    this.check = among(common(given).choices, check)
  }

  get nullable(): boolean {
    const { allowNull, primaryKey } = common(this.options)
    return allowNull === true && primaryKey !== true
  }

  /** The same field, of a narrower type in TypeScript: `json().$type<Settings>()`. Nothing checks the values that come from the database. */
  $type<T extends Out | ShapeFor<Out>>(): Field<Narrowed<Out, T>, Narrowed<In, T>, O, K> {
    return this as unknown as Field<Narrowed<Out, T>, Narrowed<In, T>, O, K>
  }

  /** The column that holds its values. */
  columnSpec(references?: ColumnOptions['references']): ColumnSpec<unknown, unknown, ColumnOptions> {
    const { primaryKey, index, unique, serverDefault, default: initial, onUpdate } = common(this.options)
    return new ColumnSpec<unknown, unknown, ColumnOptions>(this.type, {
      ...(primaryKey === true ? { primaryKey: true } : { nullable: this.nullable }),
      ...(index === true ? { index: true } : {}),
      ...(unique === true ? { unique: true } : {}),
      ...(serverDefault === undefined ? {} : { serverDefault }),
      ...(initial === undefined ? {} : { default: initial }),
      ...(onUpdate === undefined ? {} : { onUpdate }),
      ...(references === undefined ? {} : { references }),
    })
  }
}

/** What the options of all kinds have in common: those that a field was told may be of its own kind alone. */
function common(options: object): FieldOptions {
  return options
}

/** A field without the types of its values. */
export interface AnyField {
  readonly kind: string
  readonly options: FieldOptions
  readonly type: ColumnType
  readonly check: Check
  readonly nullable: boolean
  columnSpec(references?: ColumnOptions['references']): ColumnSpec<unknown, unknown, ColumnOptions>
}

/** @throws {ArgumentError} an option is unknown, or contradicts another one */
export function checkFieldOptions(kind: string, options: FieldOptions, own: readonly string[]): void {
  const known = [...commonOptions, ...own]
  for (const name of Object.keys(options)) {
    if (!known.includes(name))
      throw new ArgumentError(`A field of kind ${kind} has no option ${printableName(name)}.${didYouMean(name, known)}`)
  }
  if (options.primaryKey === true && options.allowNull === true)
    throw new ArgumentError('A field of the primary key cannot be null: leave allowNull out.')
}
