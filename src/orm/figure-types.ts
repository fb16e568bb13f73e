import type { Figure, FigureKind, Figures } from './figures.ts'
import type { FieldAt, PlainAt, PlainValue } from './types.ts'

/** What a field holds, where it can be summed: of decimals, texts. Told by what it takes: decimals take numbers, and texts do not. */
type Summed<S> = S extends { readonly $out: infer Out; readonly $in: infer In }
  ? [Out] extends [number | bigint | string]
    ? number extends In
      ? Out
      : never
    : never
  : never

type Averaged<S> = [Summed<S>] extends [never] ? never : Summed<S> extends string ? string : number

/** What has an order that every database knows. */
type Ordered<V> = [V] extends [number | bigint | string | Date] ? V : never

/** Never where the figure means nothing: a path that leads nowhere, the sum of a text. */
type FigureOver<K extends FigureKind, S> = [S] extends [never]
  ? never
  : K extends 'count'
    ? number
    : K extends 'sum'
      ? OrNone<Summed<S>>
      : K extends 'avg'
        ? OrNone<Averaged<S>>
        : OrNone<Ordered<PlainValue<S>>>

type OrNone<V> = [V] extends [never] ? never : V | null

/** The value of a figure. */
export type FigureValue<F, R, G> = G extends Figure<infer K, infer P> ? (P extends '*' ? number : FigureOver<K, FieldAt<F, P, R>>) : never

/** Checks figures one by one. */
export type FiguresOf<F, R, A> = { readonly [K in keyof A]: [FigureValue<F, R, A[K]>] extends [never] ? never : A[K] }

/** The values of figures. */
export type FigureValues<F, R, A extends Figures> = { -readonly [K in keyof A]: FigureValue<F, R, A[K]> }

/** Checks the paths that rows are grouped by. */
export type GroupPath<F, R, P> = P extends string ? ([FieldAt<F, P, R>] extends [never] ? never : P) : never

/** What a group has: the values that its rows share, under their paths, and its figures. */
export type GroupRow<F, R, P extends string, A extends Figures> = {
  [K in P | (keyof A & string)]: K extends keyof A ? FigureValue<F, R, A[K]> : PlainAt<F, K & string, R>
}

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
