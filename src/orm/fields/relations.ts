import type { KnownOptions, ReferentialAction } from '../../schema/column-options.ts'
import { checkFieldOptions, type FieldOptions } from './field.ts'

/** A model that a relation leads to: given by a function, since it may be defined later, or by the name of its table. */
export type Target<M> = (() => M) | string

/** A model of which the name of its table is known: where that is the model's own, `define()` knows the rest. */
export interface Named<T extends string> {
  /** Only for the compiler. */
  readonly $table: T
}

/** What `foreignKey()` and `oneToOne()` can be told. */
export interface RelationOptions extends Omit<FieldOptions, 'choices'> {
  readonly onDelete?: ReferentialAction | undefined
  /**
   * What the other model calls the way back: `album.tracks`, and `tracks__title` in lookups. In an abstract base, `{table}` stands for the table
   * of each model.
   */
  readonly relatedName?: string | undefined
}

/** A field that holds the key of a row of another model. */
export class Relation<M, O extends RelationOptions> {
  /** Only for the compiler. */
  declare readonly $model: M
  readonly kind: 'foreignKey' | 'oneToOne'
  readonly to: Target<M>
  readonly options: O

  constructor(kind: 'foreignKey' | 'oneToOne', to: Target<M>, options: O | undefined) {
    const given = options ?? ({} as O)
    checkFieldOptions(kind, given, ['onDelete', 'relatedName'])
    if (typeof to !== 'function' && typeof to !== 'string')
      throw new TypeError(`${kind}() takes a function that gives the model, or the name of its table.`)
    this.kind = kind
    this.to = to
    this.options = Object.freeze({ ...given })
  }
}

/** What `manyToMany()` can be told. */
export interface ManyToManyOptions {
  readonly relatedName?: string | undefined
  /** The table between the two. Default: of both tables' names. */
  readonly through?: string | undefined
}

/** A relation to any number of rows, kept in a table between the two. */
export class ManyToMany<M> {
  /** Only for the compiler. */
  declare readonly $model: M
  readonly kind = 'manyToMany'
  readonly to: Target<M>
  readonly options: ManyToManyOptions

  constructor(to: Target<M>, options: ManyToManyOptions = {}) {
    if (typeof to !== 'function' && typeof to !== 'string')
      throw new TypeError('manyToMany() takes a function that gives the model, or the name of its table.')
    this.to = to
    this.options = Object.freeze({ ...options })
  }
}

// biome-ignore lint/complexity/noBannedTypes: the options of a field that was told nothing
type None = {}

/**
 * The key of a row of another model.
 *
 * @param to a function that gives the model: `() => Album`; or the name of its table, for a model that refers to itself, and for models that
 * refer to each other
 */
export function foreignKey<const T extends string, const O extends KnownOptions<O, RelationOptions> = None>(
  to: T,
  options?: O,
): Relation<Named<T>, O>
export function foreignKey<M, const O extends KnownOptions<O, RelationOptions> = None>(to: Target<M>, options?: O): Relation<M, O>
export function foreignKey<M, const O extends KnownOptions<O, RelationOptions> = None>(to: Target<M>, options?: O): Relation<M, O> {
  return new Relation('foreignKey', to, options)
}

/** A foreign key that no two rows share. */
export function oneToOne<const T extends string, const O extends KnownOptions<O, RelationOptions> = None>(
  to: T,
  options?: O,
): Relation<Named<T>, O>
export function oneToOne<M, const O extends KnownOptions<O, RelationOptions> = None>(to: Target<M>, options?: O): Relation<M, O>
export function oneToOne<M, const O extends KnownOptions<O, RelationOptions> = None>(to: Target<M>, options?: O): Relation<M, O> {
  return new Relation('oneToOne', to, options)
}

/** Any number of rows of another model. */
export function manyToMany<const T extends string>(to: T, options?: ManyToManyOptions): ManyToMany<Named<T>>
export function manyToMany<M>(to: Target<M>, options?: ManyToManyOptions): ManyToMany<M>
export function manyToMany<M>(to: Target<M>, options?: ManyToManyOptions): ManyToMany<M> {
  return new ManyToMany(to, options)
}
