import type { Shown } from '../schema/infer.ts'

/** Fields by name, as `models.define()` takes them. */
export type Fields = { readonly [name: string]: { readonly kind: string; readonly options: object } }

/** A model class as far as its fields and instances go. */
export interface ModelShape {
  readonly $fields: Fields
  readonly prototype: object
}

// Told apart by what they show, and not by their class: TypeScript takes options that have nothing in common with those that are known for none.
interface ToOne<M> {
  readonly kind: 'foreignKey' | 'oneToOne'
  readonly $model: M
}
type ToMany<M> = { readonly kind: 'manyToMany'; readonly $model: M }

type FieldsOf<M> = M extends { readonly $fields: infer F } ? F : Fields
/** What stands for a row of a model: an instance, or its key. */
type RowOf<M> = InstanceOf<M> | (string extends keyof FieldsOf<M> ? string | number | bigint : KeyOf<FieldsOf<M>>)
type InstanceOf<M> = M extends { readonly prototype: infer I } ? I : object

type Told<S, Option> = S extends { readonly options: infer O } ? (O extends Option ? true : false) : false
type IsNullable<S> = Told<S, { readonly primaryKey: true }> extends true ? false : Told<S, { readonly allowNull: true }>
type OrNull<S, V> = IsNullable<S> extends true ? V | null : V

/** What an instance has under the name of a field. */
export type FieldValue<S> = S extends { readonly $out: infer Out }
  ? OrNull<S, Out>
  : S extends ToOne<infer M>
    ? OrNull<S, InstanceOf<M>>
    : unknown

type KeyNames<F> = { [K in keyof F]: Told<F[K], { readonly primaryKey: true }> extends true ? K : never }[keyof F]

/** The type of a model's key: of its field, or a list where there are several. */
export type KeyOf<F> = KeyNames<F> extends infer K extends keyof F ? (K extends unknown ? InputValue<F[K]> : never) : never

/** What a field can be set to. */
export type InputValue<S> = S extends { readonly $in: infer In } ? OrNull<S, In> : S extends ToOne<infer M> ? OrNull<S, RowOf<M>> : never

/** Whether `pk` is a name: a key of several fields has none of its own. */
type HasPk<F> = IsUnion<KeyNames<F>> extends true ? false : true

type IsUnion<T, U = T> = (T extends unknown ? ([U] extends [T] ? false : true) : never) extends false ? false : true

/** A key of one field of whole numbers is counted up by the database. */
type IsCounted<F, K extends keyof F> =
  Told<F[K], { readonly primaryKey: true }> extends true
    ? IsUnion<KeyNames<F>> extends true
      ? false
      : F[K] extends { readonly $out: infer Out }
        ? Out extends number | bigint
          ? true
          : false
        : false
    : false

type HasInitial<S> = Told<
  S,
  | { readonly default: unknown }
  | { readonly serverDefault: unknown }
  | { readonly allowBlank: true }
  | { readonly autoNow: true }
  | { readonly autoNowAdd: true }
>

type IsOptional<F, K extends keyof F> = IsNullable<F[K]> extends true ? true : HasInitial<F[K]> extends true ? true : IsCounted<F, K>

type PkName<F> = HasPk<F> extends true ? 'pk' : never

type Stored<F> = { [K in keyof F]: F[K] extends ToMany<unknown> ? never : K }[keyof F]

/** Shown by its properties. */
export type Flat<T> = { [K in keyof T]: T[K] } & Shown

/** What creating an instance takes. */
export type CreateInput<F> = Flat<
  { [K in Stored<F> as IsOptional<F, K> extends true ? never : K]: InputValue<F[K]> } & {
    [K in Stored<F> as IsOptional<F, K> extends true ? K : never]?: InputValue<F[K]> | undefined
  } & { [K in PkName<F>]?: KeyOf<F> }
>

/** What an update takes: any of the fields. */
export type UpdateInput<F> = Flat<{ [K in Stored<F>]?: InputValue<F[K]> | undefined }>

/** The fields of an instance. */
export type Values<F> = { -readonly [K in Stored<F>]: FieldValue<F[K]> }

// Lookups

type TextOperator = 'iexact' | 'contains' | 'icontains' | 'startswith' | 'istartswith' | 'endswith' | 'iendswith'
type TextKind = 'string' | 'text' | 'enumeration' | 'email' | 'url' | 'ipAddress'
/** True where that is known at run time only. */
type HoldsTexts<S> = string extends KindOf<S> ? true : KindOf<S> extends TextKind ? true : false
type OrderOperator = 'gt' | 'gte' | 'lt' | 'lte'
type ListOperator = 'in' | 'notin'

type InOf<S> = S extends { readonly $in: infer In } ? In : S extends ToOne<infer M> ? RowOf<M> : never

/** What a lookup of a field compares with, by its operator. */
type Operand<S, Op extends string> = Op extends ListOperator
  ? readonly InOf<S>[]
  : Op extends 'range'
    ? readonly [InOf<S>, InOf<S>]
    : Op extends 'isnull'
      ? boolean
      : Op extends 'exact' | 'ne'
        ? InOf<S> | null
        : Op extends OrderOperator
          ? InOf<S>
          : Op extends TextOperator
            ? HoldsTexts<S> extends true
              ? string
              : never
            : never

type ManyTarget<S> = S extends ToMany<infer M> ? M : never

/**
 * What the lookup `album__name__iexact` compares with, or `never` where it means nothing: a path over fields, and an operator. Reverse
 * relations are known at run time only: what begins with a name that is no field is theirs. So is what lies behind a model of which no more than
 * the name of its table is known.
 */
export type LookupValue<F, K extends string, R = Record<never, never>> = string extends keyof F
  ? unknown
  : K extends keyof F
    ? F[K] extends ToMany<infer M>
      ? RowOf<M>
      : InOf<F[K]> | null
    : K extends 'pk'
      ? HasPk<F> extends true
        ? KeyOf<F> | null
        : never
      : K extends keyof R
        ? R[K] extends OneMarker<infer M>
          ? InOf<OneField<M>> | null
          : RelatedKey<R[K]>
        : K extends `${infer Head}__${infer Rest}`
          ? Head extends 'pk'
            ? HasPk<F> extends true
              ? Operand<F[KeyNames<F> & keyof F], Rest>
              : never
            : Head extends keyof F
              ? F[Head] extends ToOne<infer M>
                ? Operand<F[Head], Rest> extends never
                  ? LookupValue<FieldsOf<M>, Rest, RelatedOf<M>>
                  : Operand<F[Head], Rest>
                : F[Head] extends ToMany<unknown>
                  ? BehindMany<ManyTarget<F[Head]>, Rest>
                  : Operand<F[Head], Rest>
              : Head extends keyof R
                ? R[Head] extends OneMarker<infer M>
                  ? Operand<OneField<M>, Rest> extends never
                    ? LookupValue<FieldsOf<M>, Rest, RelatedOf<M>>
                    : Operand<OneField<M>, Rest>
                  : BehindMany<RelatedModel<R[Head]>, Rest>
                : never
          : never

/** What stands behind a relation to many rows: what compares their keys, or a lookup of theirs. */
type BehindMany<M, Rest extends string> = Rest extends ListOperator
  ? readonly RowOf<M>[]
  : Rest extends 'isnull'
    ? boolean
    : LookupValue<FieldsOf<M>, Rest, RelatedOf<M>>

/** What an instance declares of its way back: `declare readonly tracks: RelatedSet<typeof Track>`. */
export interface RelatedMarker<M> {
  readonly $related: M
}

/** What it declares of a way back to one row: `declare readonly profile: RelatedOne<typeof Profile>`. */
export interface OneMarker<M> extends RelatedMarker<M> {
  readonly $one: true
}

/**
 * The row that a one-to-one relation leads back to, or null. Declared in a model as `declare readonly profile: RelatedOne<typeof Profile>`; it is
 * there after `selectRelated('profile')`, `prefetchRelated('profile')` or `load('profile')`.
 */
export type RelatedOne<M> = (InstanceOf<M> & OneMarker<M>) | null

/** The way back as a field of the other model would be. */
interface OneField<M> extends ToOne<M> {
  readonly options: { readonly allowNull: true }
}

type RelatedModel<S> = S extends RelatedMarker<infer M> ? M : never
type RelatedKey<S> = S extends RelatedMarker<infer M> ? RowOf<M> : never
/** The ways back that the class of a model declares. */
export type RelatedOf<M> =
  InstanceOf<M> extends infer I
    ? {
        [K in keyof I as [NonNullable<I[K]>] extends [never]
          ? never
          : NonNullable<I[K]> extends RelatedMarker<unknown>
            ? K
            : never]: NonNullable<I[K]>
      }
    : never

/** The same of an instance. */
export type WaysBackOf<I> = RelatedOf<{ readonly prototype: I }>

/** Their names. */
export type WayBackName<I> = keyof WaysBackOf<I> & string

/** Lookups that are checked one by one: the simple ones are listed, for whoever completes them. */
export type Lookups<F, L, R = Record<never, never>> = {
  readonly [K in keyof L]: K extends string ? LookupValue<F, K, R> : never
}

/** The lookups of the fields themselves. */
export type SimpleLookups<F> = { readonly [K in Stored<F> | PkName<F>]?: unknown } & { readonly [lookup: string]: unknown }

// Names

/** A field to order by, '-' first for the other way: over one relation too, as far as they are listed for whoever completes them. */
export type OrderName<F, R = Record<never, never>> = OrderField<F, R> | `-${OrderField<F, R>}`
type OrderField<F, R> = (Stored<F> & string) | PkName<F> | RelatedPath<F> | RelatedOnePath<R>
type RelatedPath<F> = {
  [K in keyof F & string]: F[K] extends ToOne<infer M> ? `${K}__${Stored<FieldsOf<M>> & string}` : never
}[keyof F & string]

type RelatedOnePath<R> = {
  [K in keyof R & string]: R[K] extends OneMarker<infer M> ? K | `${K}__${Stored<FieldsOf<M>> & string}` : never
}[keyof R & string]

/** Checks a name to order by, over any number of relations. */
export type OrderPath<F, R, N> = N extends `-${infer P}` ? ([FieldPath<F, R, P>] extends [never] ? never : N) : FieldPath<F, R, N>

/** A relation to one row, or a path over several: `album__artist`. */
export type RelationPath<F, R = Record<never, never>> =
  | { [K in keyof F & string]: F[K] extends ToOne<infer M> ? K | `${K}__${RelationName<M>}` : never }[keyof F & string]
  | { [K in keyof R & string]: R[K] extends OneMarker<infer M> ? K | `${K}__${RelationName<M>}` : never }[keyof R & string]
type RelationName<M> = OneName<FieldsOf<M>, RelatedOf<M>>
type OneName<F, R> =
  | { [K in keyof F & string]: F[K] extends ToOne<infer _M> ? K | `${K}__${string}` : never }[keyof F & string]
  | { [K in keyof R & string]: R[K] extends OneMarker<infer _M> ? K | `${K}__${string}` : never }[keyof R & string]

/** A relation to any rows, for whoever completes it. */
export type RelationField<F, R> =
  | { [K in keyof F & string]: F[K] extends ToOne<unknown> | ToMany<unknown> ? K : never }[keyof F & string]
  | (keyof R & string)

/** Checks a path over relations to any rows. */
export type PrefetchPath<F, R, P> = P extends string ? (LeadsOn<F, R, P> extends true ? P : never) : never
type LeadsOn<F, R, P extends string> = P extends `${infer Head}__${infer Rest}`
  ? Behind<F, R, Head> extends infer M
    ? [M] extends [never]
      ? false
      : LeadsOn<FieldsOf<M>, RelatedOf<M>, Rest>
    : false
  : [Behind<F, R, P>] extends [never]
    ? false
    : true

/** The model that a relation leads to: unknown where only the name of its table is known, never where there is no such relation. */
type Behind<F, R, K> = K extends keyof F
  ? F[K] extends ToOne<infer M>
    ? M
    : F[K] extends ToMany<infer M>
      ? M
      : string extends keyof F
        ? unknown
        : never
  : K extends keyof R
    ? RelatedModel<R[K]>
    : never

// Paths to values

/** The key's own type, of what a row brings. */
type PlainKey<F> = [KeyNames<F>] extends [never] ? unknown : PlainValue<F[KeyNames<F>]>

/** The key of an instance: of several fields, a list in their order. */
export type InstanceKey<F> = HasPk<F> extends true ? PlainKey<F> : readonly PlainValue<F[KeyNames<F>]>[]

/** What names a row by its whole key: of several fields, a list in their order, or an object. */
export type WholeKey<F> = [KeyNames<F>] extends [never]
  ? unknown
  : HasPk<F> extends true
    ? KeyOf<F>
    : readonly InputValue<F[KeyNames<F>]>[] | { readonly [K in KeyNames<F>]: InputValue<F[K]> }

/** What a row brings of a field: of a relation, the key. */
export type PlainValue<S> = S extends { readonly $out: infer Out } ? Out : S extends ToOne<infer M> ? PlainKey<FieldsOf<M>> : unknown

type Either<A, B> = A extends true ? true : B

/** The field at the end of a path over relations to one row each, and whether there may be none. Never where the path leads nowhere. */
type PathEnd<F, K extends string, R, N = false> = K extends 'pk'
  ? HasPk<F> extends true
    ? { readonly field: [KeyNames<F>] extends [never] ? unknown : F[KeyNames<F>]; readonly nullable: N }
    : never
  : K extends keyof F
    ? F[K] extends ToMany<unknown>
      ? never
      : { readonly field: F[K]; readonly nullable: Either<N, IsNullable<F[K]>> }
    : K extends keyof R
      ? R[K] extends OneMarker<infer M>
        ? { readonly field: OneField<M>; readonly nullable: true }
        : never
      : K extends `${infer Head}__${infer Rest}`
        ? Head extends keyof F
          ? F[Head] extends ToOne<infer M>
            ? PathEnd<FieldsOf<M>, Rest, RelatedOf<M>, Either<N, IsNullable<F[Head]>>>
            : never
          : Head extends keyof R
            ? R[Head] extends OneMarker<infer M>
              ? PathEnd<FieldsOf<M>, Rest, RelatedOf<M>, true>
              : never
            : never
        : never

/** Checks a path to a field, over relations to one row each. */
export type FieldPath<F, R, P> = P extends string ? ([PathEnd<F, P, R>] extends [never] ? never : P) : never

/** The field at the end of a path, or never. */
export type FieldAt<F, K extends string, R> = PathEnd<F, K, R> extends infer E ? (E extends { readonly field: infer S } ? S : never) : never

/** The value at the end of a path, as `values()` gives it. */
export type PlainAt<F, K extends string, R> =
  PathEnd<F, K, R> extends { readonly field: infer S; readonly nullable: infer N }
    ? N extends true
      ? PlainValue<S> | null
      : PlainValue<S>
    : never

/** What `values()` gives of each row: all that is stored. */
export type StoredValues<F> = Flat<{ -readonly [K in Stored<F>]: OrNull<F[K], PlainValue<F[K]>> }>
/** The same by paths: what is at their ends. */
export type ValueRow<F, R, P extends string> = [P] extends [never] ? Record<string, unknown> : { [K in P]: PlainAt<F, K, R> }

/** The kind of what a field holds: of a relation, that of the key it leads to. Any text where only the name of the other table is known. */
export type KindOf<S> = S extends ToOne<infer M> ? KeyKind<FieldsOf<M>> : S extends { readonly kind: infer K } ? K : string
type KeyKind<F> = [KeyNames<F>] extends [never] ? string : KindOf<F[KeyNames<F>]>
