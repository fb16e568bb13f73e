import { ArgumentError } from '../errors.ts'
import { didYouMean, printableName } from '../sql/nearest-name.ts'
import { Sql } from '../sql/template.ts'
import { type ColumnOptions, columnOptionNames } from './column-options.ts'
import type { ColumnType } from './column-type.ts'
import type { Narrowed, ShapeFor } from './json-value.ts'

/**
 * A column before it has a name and a table: what `integer()` and its like give. `Out` is the type of its values in rows, `In` of what may be
 * stored, `O` what it was told.
 */
export class ColumnSpec<Out, In, O extends ColumnOptions<In>> {
  /** Only for the compiler. */
  declare readonly $out: Out
  declare readonly $in: In
  readonly type: ColumnType
  readonly options: O

  /** @throws {ArgumentError} an option is unknown or contradicts another one */
  constructor(type: ColumnType, options: O | undefined) {
    const given = options ?? ({} as O)
    checkOptions(given, type)
    this.type = type
    this.options = Object.freeze({ ...given })
  }

  /**
   * The same column, of a narrower type in TypeScript: `json().$type<Settings>()`. Nothing checks the values that come from the database.
   */
  $type<T extends Out | ShapeFor<Out>>(): ColumnSpec<Narrowed<Out, T>, Narrowed<In, T>, O & ColumnOptions<Narrowed<In, T>>> {
    return this as unknown as ColumnSpec<Narrowed<Out, T>, Narrowed<In, T>, O & ColumnOptions<Narrowed<In, T>>>
  }
}

/** Any column, where the types of its values do not matter. */
export interface AnyColumnSpec {
  readonly type: ColumnType
  readonly options: ColumnOptions
}

function checkOptions(options: ColumnOptions, type: ColumnType): void {
  if (typeof options !== 'object' || options === null) throw new ArgumentError('Options of a column are an object.')
  for (const name of Object.keys(options)) {
    if ((columnOptionNames as readonly string[]).includes(name)) continue
    throw new ArgumentError(`A column has no option ${printableName(name)}.${didYouMean(name, columnOptionNames)}`)
  }
  const { primaryKey, nullable, autoIncrement, generated } = options
  if (primaryKey === true && nullable === true) throw new ArgumentError('A column of a primary key cannot be nullable.')
  if (autoIncrement === true && !type.countable) throw new ArgumentError('autoIncrement is for columns of whole numbers.')
  if (generated !== undefined && (options.default !== undefined || options.serverDefault !== undefined)) {
    throw new ArgumentError('A generated column has no default.')
  }
  for (const name of ['serverDefault', 'serverOnUpdate', 'check'] as const) {
    if (options[name] !== undefined && !(options[name] instanceof Sql))
      throw new ArgumentError(`The option "${name}" takes a sql\`…\` value.`)
  }
}
