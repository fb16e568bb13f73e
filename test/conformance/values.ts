import type { Target } from './target.ts'

/** A value that goes in as `:v` of a query, and what comes out. */
export interface ValueCase {
  readonly query: string
  readonly given: unknown
  /** The value, and its type as the database says it where it does. */
  readonly found: { readonly v: unknown; readonly t?: string }
}

type Row = readonly [given: unknown, found: unknown, type: string]

const day = new Date(Date.UTC(2024, 1, 29, 12, 30, 15, 250))
const bytes: readonly (readonly [given: unknown, found: unknown])[] = [
  [new Uint8Array([1, 2, 3]), Buffer.from([1, 2, 3])],
  [Buffer.from([4, 5]), Buffer.from([4, 5])],
  [new Uint8Array([6]).buffer, Buffer.from([6])],
  [new Uint8Array(0), Buffer.alloc(0)],
  [Buffer.alloc(100_000, 7), Buffer.alloc(100_000, 7)],
]

/** A value has the type that it was given with. */
const sqlite: readonly Row[] = [
  [null, null, 'null'],
  [true, 1, 'integer'],
  [false, 0, 'integer'],
  [7, 7, 'integer'],
  [-0, -0, 'real'],
  [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 'integer'],
  [1.5, 1.5, 'real'],
  [2 ** 60, 2 ** 60, 'real'],
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 'real'],
  [5n, 5, 'integer'],
  ['', '', 'text'],
  ['a\0b', 'a\0b', 'text'],
  ['ü 😀', 'ü 😀', 'text'],
  [day, '2024-02-29T12:30:15.250Z', 'text'],
  ...bytes.map(([given, found]) => [given, found, 'blob'] as const),
]

/** A value has the type that the server finds for its parameter: here, that of a cast. Texts have no NUL. */
const postgresql: readonly Row[] = [
  [null, null, 'text'],
  [true, true, 'boolean'],
  [false, false, 'boolean'],
  [7, 7, 'integer'],
  [-0, -0, 'double precision'],
  [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 'bigint'],
  [1.5, 1.5, 'double precision'],
  [1.5, '1.5', 'numeric'],
  [2 ** 60, 2 ** 60, 'double precision'],
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 'double precision'],
  [5n, 5, 'smallint'],
  [[1, null, 3], [1, null, 3], 'integer[]'],
  ['', '', 'text'],
  ['ü 😀', 'ü 😀', 'text'],
  [day, '2024-02-29T12:30:15.250Z', 'timestamp with time zone'],
  ...bytes.map(([given, found]) => [given, found, 'bytea'] as const),
]

/** A value has the type that it was given with; a boolean is an integer, a number is never infinite. */
const mysql: readonly (readonly [given: unknown, found: unknown])[] = [
  [null, null],
  [true, 1],
  [7, 7],
  [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  [1.5, 1.5],
  [2 ** 60, 2 ** 60],
  [5n, 5],
  ['', ''],
  ['a\0b', 'a\0b'],
  ['ü 😀', 'ü 😀'],
  [day, '2024-02-29 12:30:15.250'],
  ...bytes,
]

/** What each driver makes of a value, there and back. */
export function valuesFor({ driver }: Target): readonly ValueCase[] {
  if (driver === 'mysql2') return mysql.map(([given, v]) => ({ query: 'select :v as v', given, found: { v } }))
  if (driver !== 'pg') return sqlite.map(([given, v, t]) => ({ query: 'select :v as v, typeof(:v) as t', given, found: { v, t } }))
  return postgresql.map(([given, v, t]) => {
    const value = `cast(:v as ${t})`
    return { query: `select ${value} as v, cast(pg_typeof(${value}) as text) as t`, given, found: { v, t } }
  })
}
