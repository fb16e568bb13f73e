import type { Figure, FigureKind, Figures } from './figures.ts'
import type { FieldAt, Flat, KindOf, PlainAt, PlainValue } from './types.ts'

/** What a field holds, where it can be summed: of decimals, texts. */
type Summed<S> =
  string extends KindOf<S>
    ? unknown
    : S extends { readonly $out: infer Out; readonly kind: 'integer' | 'bigInteger' | 'float' | 'decimal' }
      ? Out
      : never

type Averaged<S> = [Summed<S>] extends [never] ? never : unknown extends Summed<S> ? unknown : Summed<S> extends string ? string : number

/** What has a least and a greatest in every database. */
type Ordered<S> = KindOf<S> extends 'boolean' | 'json' | 'uuid' ? never : PlainValue<S>

/** Never where the figure means nothing: a path that leads nowhere, the sum of a text. */
type FigureOver<K extends FigureKind, S> = [S] extends [never]
  ? never
  : K extends 'count'
    ? number
    : K extends 'sum'
      ? OrNone<Summed<S>>
      : K extends 'avg'
        ? OrNone<Averaged<S>>
        : OrNone<Ordered<S>>

type OrNone<V> = [V] extends [never] ? never : V | null

/** Checks the path of one figure, and the figure's value: unknown of a path that was cast to never. */
export type FigurePath<K extends FigureKind, F, R, P> = P extends string
  ? [FigureOver<K, FieldAt<F, P, R>>] extends [never]
    ? never
    : P
  : never
export type FigureAt<K extends FigureKind, F, R, P extends string> = [P] extends [never] ? unknown : FigureOver<K, FieldAt<F, P, R>>

/** The value of a figure. */
export type FigureValue<F, R, G> = G extends Figure<infer K, infer P> ? (P extends '*' ? number : FigureOver<K, FieldAt<F, P, R>>) : never

/** Checks figures one by one. */
export type FiguresOf<F, R, A> = { readonly [K in keyof A]: [FigureValue<F, R, A[K]>] extends [never] ? never : A[K] }

/** The values of figures. */
export type FigureValues<F, R, A extends Figures> = Flat<{ -readonly [K in keyof A]: FigureValue<F, R, A[K]> }>

/** What a group has: the values that its rows share, under their paths, and its figures. */
export type GroupRow<F, R, P extends string, A extends Figures> = Flat<{
  [K in P | (keyof A & string)]: K extends keyof A ? FigureValue<F, R, A[K]> : PlainAt<F, K & string, R>
}>

/** The names of a group's values, '-' first for the other way. */
export type GroupOrderName<Row> = (keyof Row & string) | `-${keyof Row & string}`

export type HavingOperator = 'exact' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'in' | 'notin' | 'range' | 'isnull'

type HavingName<N extends string> = N | `${N}__${HavingOperator}`

type HavingOperand<V, K> = K extends keyof V
  ? V[K]
  : K extends `${infer N}__${infer Op}`
    ? N extends keyof V
      ? Op extends 'in' | 'notin'
        ? readonly NonNullable<V[N]>[]
        : Op extends 'range'
          ? readonly [NonNullable<V[N]>, NonNullable<V[N]>]
          : Op extends 'isnull'
            ? boolean
            : Op extends 'exact' | 'ne'
              ? V[N]
              : NonNullable<V[N]>
      : never
    : never

/** Conditions on figures: `{ tracks__gt: 1 }`. */
export type Having<V> = { readonly [K in HavingName<keyof V & string>]?: HavingOperand<V, K> | undefined }
