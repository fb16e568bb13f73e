import * as utilities from 'drizzle-orm/utils'

/**
 * What Drizzle's own drivers use of Drizzle and its declarations leave out, because it is marked @internal there: the one place where this
 * adapter knows more than the declarations do. None of Drizzle's drivers would work without it.
 */
interface Utilities {
  mapResultRow(fields: Fields, row: readonly unknown[], joinsNotNullableMap: JoinsNotNullable | undefined): unknown
}

/** Makes the object that a query was asked for out of the values of one row. */
export const { mapResultRow } = utilities as unknown as Utilities

/** The selected columns in their order, and where their values belong. */
export type Fields = readonly { readonly path: readonly string[]; readonly field: unknown }[]

/** Which of the joined tables surely have a row: the others become null where all their columns are. */
type JoinsNotNullable = Readonly<Record<string, boolean>>

/** Of a prepared query. */
interface QueryInternals {
  /** How it is cached; undefined where it is not. */
  readonly cacheConfig?: unknown
  /** Set by whoever builds a query with joins, after it has been prepared. */
  joinsNotNullableMap?: JoinsNotNullable | undefined
  /** Asks the cache first, where the query may be in it, and throws a `DrizzleQueryError` for what `run` fails with. */
  queryWithCache<T>(sql: string, params: readonly unknown[], run: () => Promise<T>): Promise<T>
}

export function internalsOfQuery(query: object): QueryInternals {
  return query as QueryInternals
}

/** Of a database object or a transaction. */
interface DatabaseInternals<TSession> {
  readonly session: TSession
  $cache: unknown
}

export function internalsOfDatabase<TSession>(database: object): DatabaseInternals<TSession> {
  return database as DatabaseInternals<TSession>
}

/** What one of Drizzle's queries prepares itself as, or undefined where it is none. */
export function prepareForBatch(query: unknown): unknown {
  return (query as { _prepare?(): unknown } | null | undefined)?._prepare?.()
}
