/** Rows as `[id, value]`, or null where the step failed. */
export type Outcome = readonly (readonly (readonly number[])[] | null)[]

export type Level = 'read committed' | 'repeatable read' | 'serializable'

export interface Scenario {
  readonly anomaly: string
  /** Which transaction does what, in the order in which each is asked to. */
  readonly steps: readonly (readonly [transaction: 1 | 2 | 3, action: string])[]
  /** Whether the anomaly has come up: from what the reads have found in their order, which transactions have committed, and what is stored. */
  readonly happened: (seen: { readonly reads: Outcome; readonly committed: ReadonlySet<number>; readonly stored: string }) => boolean
}

const all = 'select id, value from test order by id'
const one = (id: number): string => `select id, value from test where id = ${id}`
const set = (id: number, value: number): string => `update test set value = ${value} where id = ${id}`
const multiplesOf3 = 'select id, value from test where value % 3 = 0'

function valueAt(rows: Outcome[number] | undefined, id: number): number | undefined {
  return rows?.find(([found]) => found === id)?.[1]
}

const both = (committed: ReadonlySet<number>): boolean => committed.has(1) && committed.has(2)

/** Martin Kleppmann's Hermitage, https://github.com/ept/hermitage: the table holds (1, 10) and (2, 20). */
export const scenarios: readonly Scenario[] = [
  {
    anomaly: 'G0',
    steps: [
      [1, set(1, 11)],
      [2, set(1, 12)],
      [1, set(2, 21)],
      [1, 'commit'],
      [2, set(2, 22)],
      [2, 'commit'],
    ],
    happened: ({ stored }) => stored !== '1=12,2=22' && stored !== '1=11,2=21',
  },
  {
    anomaly: 'G1a',
    steps: [
      [1, set(1, 101)],
      [2, all],
      [1, 'rollback'],
      [2, all],
      [2, 'commit'],
    ],
    happened: ({ reads }) => reads.some((rows) => valueAt(rows ?? undefined, 1) === 101),
  },
  {
    anomaly: 'G1b',
    steps: [
      [1, set(1, 101)],
      [2, all],
      [1, set(1, 11)],
      [1, 'commit'],
      [2, all],
      [2, 'commit'],
    ],
    happened: ({ reads }) => reads.some((rows) => valueAt(rows ?? undefined, 1) === 101),
  },
  {
    anomaly: 'G1c',
    steps: [
      [1, set(1, 11)],
      [2, set(2, 22)],
      [1, one(2)],
      [2, one(1)],
      [1, 'commit'],
      [2, 'commit'],
    ],
    happened: ({ reads: [first, second] }) => valueAt(first, 2) === 22 && valueAt(second, 1) === 11,
  },
  {
    anomaly: 'OTV',
    steps: [
      [1, set(1, 11)],
      [1, set(2, 19)],
      [2, set(1, 12)],
      [1, 'commit'],
      [3, one(1)],
      [2, set(2, 18)],
      [3, one(2)],
      [2, 'commit'],
      [3, one(2)],
      [3, one(1)],
      [3, 'commit'],
    ],
    // Whoever has seen the first transaction sees none of what was before it.
    happened: ({ reads: [first, ...later] }) =>
      valueAt(first, 1) !== 10 && later.some((rows) => valueAt(rows ?? undefined, 2) === 20 || valueAt(rows ?? undefined, 1) === 10),
  },
  {
    anomaly: 'PMP',
    steps: [
      [1, 'select id, value from test where value = 30'],
      [2, 'insert into test (id, value) values (3, 30)'],
      [2, 'commit'],
      [1, multiplesOf3],
      [1, 'commit'],
    ],
    happened: ({ reads: [, second] }) => valueAt(second, 3) === 30,
  },
  {
    anomaly: 'PMP for writes',
    steps: [
      [1, 'update test set value = value + 10'],
      [2, all],
      [2, 'delete from test where value = 20'],
      [1, 'commit'],
      [2, 'commit'],
    ],
    // Its own snapshot has a row of 20, and its delete has left the row that has 20 now, or found another than it has seen.
    happened: ({ committed, reads: [seen] }) => committed.has(2) && valueAt(seen, 2) === 20,
  },
  {
    anomaly: 'P4',
    steps: [
      [1, one(1)],
      [2, one(1)],
      [1, set(1, 11)],
      [2, set(1, 11)],
      [1, 'commit'],
      [2, 'commit'],
    ],
    happened: ({ committed }) => both(committed),
  },
  {
    anomaly: 'G-single',
    steps: [
      [1, one(1)],
      [2, all],
      [2, set(1, 12)],
      [2, set(2, 18)],
      [2, 'commit'],
      [1, one(2)],
      [1, 'commit'],
    ],
    happened: ({ reads: [first, , third] }) => valueAt(first, 1) === 10 && valueAt(third, 2) === 18,
  },
  {
    anomaly: 'G-single for writes',
    steps: [
      [1, one(1)],
      [2, all],
      [2, set(1, 12)],
      [2, set(2, 18)],
      [2, 'commit'],
      [1, 'delete from test where value = 20'],
      [1, 'commit'],
    ],
    happened: ({ committed }) => both(committed),
  },
  {
    anomaly: 'G2-item',
    steps: [
      [1, all],
      [2, all],
      [1, set(1, 11)],
      [2, set(2, 21)],
      [1, 'commit'],
      [2, 'commit'],
    ],
    happened: ({ committed }) => both(committed),
  },
  {
    anomaly: 'G2',
    steps: [
      [1, multiplesOf3],
      [2, multiplesOf3],
      [1, 'insert into test (id, value) values (3, 30)'],
      [2, 'insert into test (id, value) values (4, 42)'],
      [1, 'commit'],
      [2, 'commit'],
    ],
    happened: ({ committed }) => both(committed),
  },
]

/** Which anomalies the servers let through, as Hermitage has found. */
export const published: Readonly<Record<'postgresql' | 'mysql', Readonly<Record<Level, readonly string[]>>>> = {
  postgresql: {
    'read committed': ['PMP', 'PMP for writes', 'P4', 'G-single', 'G-single for writes', 'G2-item', 'G2'],
    'repeatable read': ['G2-item', 'G2'],
    serializable: [],
  },
  mysql: {
    'read committed': ['PMP', 'PMP for writes', 'P4', 'G-single', 'G-single for writes', 'G2-item', 'G2'],
    'repeatable read': ['PMP for writes', 'P4', 'G-single for writes', 'G2-item', 'G2'],
    serializable: [],
  },
}
