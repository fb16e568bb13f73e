/** Rows of a table `test (id, value)`, by id. */
export type Rows = readonly (readonly [id: number, value: number])[]

/** What a transaction does next: it begins, it ends, or it runs a statement. */
export type ScenarioStep = readonly [transaction: number, action: string]

/** What a schedule has come to: the rows of each SELECT in the order of the steps, and what is stored. */
export interface ScenarioOutcome {
  readonly reads: readonly Rows[]
  readonly stored: Rows
}

/** Transactions that do one another harm where they are not isolated. */
export interface Scenario {
  /** The name of the anomaly in Adya's and Berenson's papers. */
  readonly anomaly: string
  readonly name: string
  readonly steps: readonly ScenarioStep[]
  /** What it would come to. */
  readonly harm: ScenarioOutcome
}

export const initialRows: Rows = [
  [1, 10],
  [2, 20],
]

const all = 'select id, value from test order by id'
const where = (condition: string): string => `select id, value from test where ${condition} order by id`
const set = (id: number, value: number | string): string => `update test set value = ${value} where id = ${id}`

/**
 * The anomalies that serializable transactions do not have, as Hermitage steps through them: https://github.com/ept/hermitage, and
 * https://pmg.csail.mit.edu/papers/icde00.pdf for their definitions.
 */
export const scenarios: readonly Scenario[] = [
  {
    anomaly: 'G0',
    name: 'dirty writes',
    steps: [
      [1, 'begin'],
      [2, 'begin'],
      [1, set(1, 11)],
      [2, set(1, 12)],
      [1, set(2, 21)],
      [1, 'commit'],
      [2, set(2, 22)],
      [2, 'commit'],
    ],
    harm: {
      reads: [],
      stored: [
        [1, 12],
        [2, 21],
      ],
    },
  },
  {
    anomaly: 'G1a',
    name: 'aborted reads',
    steps: [
      [1, 'begin'],
      [2, 'begin'],
      [1, set(1, 101)],
      [2, all],
      [1, 'rollback'],
      [2, all],
      [2, 'commit'],
    ],
    harm: {
      reads: [
        [
          [1, 101],
          [2, 20],
        ],
        initialRows,
      ],
      stored: initialRows,
    },
  },
  {
    anomaly: 'G1b',
    name: 'intermediate reads',
    steps: [
      [1, 'begin'],
      [2, 'begin'],
      [1, set(1, 101)],
      [2, where('id = 1')],
      [1, set(1, 11)],
      [1, 'commit'],
      [2, where('id = 1')],
      [2, 'commit'],
    ],
    harm: {
      reads: [[[1, 101]], [[1, 11]]],
      stored: [
        [1, 11],
        [2, 20],
      ],
    },
  },
  {
    anomaly: 'G1c',
    name: 'circular information flow',
    steps: [
      [1, 'begin'],
      [2, 'begin'],
      [1, set(1, 11)],
      [2, set(2, 22)],
      [1, where('id = 2')],
      [2, where('id = 1')],
      [1, 'commit'],
      [2, 'commit'],
    ],
    harm: {
      reads: [[[2, 22]], [[1, 11]]],
      stored: [
        [1, 11],
        [2, 22],
      ],
    },
  },
  {
    anomaly: 'OTV',
    name: 'an observed transaction vanishes',
    steps: [
      [1, 'begin'],
      [2, 'begin'],
      [3, 'begin'],
      [1, set(1, 11)],
      [1, set(2, 19)],
      [2, set(1, 12)],
      [1, 'commit'],
      [3, where('id = 1')],
      [2, set(2, 18)],
      [3, where('id = 2')],
      [2, 'commit'],
      [3, all],
      [3, 'commit'],
    ],
    harm: {
      reads: [
        [[1, 11]],
        [[2, 18]],
        [
          [1, 12],
          [2, 18],
        ],
      ],
      stored: [
        [1, 12],
        [2, 18],
      ],
    },
  },
  {
    anomaly: 'PMP',
    name: 'predicate-many-preceders of a read',
    steps: [
      [1, 'begin'],
      [2, 'begin'],
      [1, where('value = 30')],
      [2, 'insert into test values (3, 30)'],
      [2, 'commit'],
      [1, where('value % 3 = 0')],
      [1, 'commit'],
    ],
    harm: { reads: [[], [[3, 30]]], stored: [...initialRows, [3, 30]] },
  },
  {
    anomaly: 'PMP',
    name: 'predicate-many-preceders of a write',
    steps: [
      [1, 'begin'],
      [2, 'begin'],
      [1, 'update test set value = value + 10'],
      [2, where('value = 20')],
      [2, 'delete from test where value = 20'],
      [1, 'commit'],
      [2, all],
      [2, 'commit'],
    ],
    harm: { reads: [[[2, 20]], [[2, 30]]], stored: [[2, 30]] },
  },
  {
    anomaly: 'P4',
    name: 'lost update',
    steps: [
      [1, 'begin'],
      [2, 'begin'],
      [1, where('id = 1')],
      [2, where('id = 1')],
      [1, set(1, 11)],
      [2, set(1, 11)],
      [1, 'commit'],
      [2, 'commit'],
    ],
    harm: {
      reads: [[[1, 10]], [[1, 10]]],
      stored: [
        [1, 11],
        [2, 20],
      ],
    },
  },
  {
    anomaly: 'G-single',
    name: 'read skew',
    steps: [
      [1, 'begin'],
      [2, 'begin'],
      [1, where('id = 1')],
      [2, where('id = 1')],
      [2, where('id = 2')],
      [2, set(1, 12)],
      [2, set(2, 18)],
      [2, 'commit'],
      [1, where('id = 2')],
      [1, 'commit'],
    ],
    harm: {
      reads: [[[1, 10]], [[1, 10]], [[2, 20]], [[2, 18]]],
      stored: [
        [1, 12],
        [2, 18],
      ],
    },
  },
  {
    anomaly: 'G-single',
    name: 'read skew by predicates, with an update',
    steps: [
      [1, 'begin'],
      [2, 'begin'],
      [1, where('value % 5 = 0')],
      [2, 'update test set value = 12 where value = 10'],
      [2, 'commit'],
      [1, where('value % 3 = 0')],
      [1, 'commit'],
    ],
    harm: {
      reads: [initialRows, [[1, 12]]],
      stored: [
        [1, 12],
        [2, 20],
      ],
    },
  },
  {
    anomaly: 'G-single',
    name: 'read skew by predicates, with an insert',
    steps: [
      [1, 'begin'],
      [2, 'begin'],
      [1, where('value % 5 = 0')],
      [2, 'insert into test values (3, 30)'],
      [2, 'commit'],
      [1, where('value % 3 = 0')],
      [1, 'commit'],
    ],
    harm: { reads: [initialRows, [[3, 30]]], stored: [...initialRows, [3, 30]] },
  },
  {
    anomaly: 'G-single',
    name: 'read skew of one that writes',
    steps: [
      [1, 'begin'],
      [2, 'begin'],
      [1, where('id = 1')],
      [2, set(1, 12)],
      [2, set(2, 18)],
      [2, 'commit'],
      [1, where('id = 2')],
      [1, set(1, 11)],
      [1, 'commit'],
    ],
    harm: {
      reads: [[[1, 10]], [[2, 18]]],
      stored: [
        [1, 11],
        [2, 18],
      ],
    },
  },
  {
    anomaly: 'G-single',
    name: 'read skew by the predicate of a write',
    steps: [
      [1, 'begin'],
      [2, 'begin'],
      [1, where('id = 1')],
      [2, all],
      [2, set(1, 12)],
      [2, set(2, 18)],
      [2, 'commit'],
      [1, 'delete from test where value = 20'],
      [1, 'commit'],
    ],
    harm: {
      reads: [[[1, 10]], initialRows],
      stored: [
        [1, 12],
        [2, 18],
      ],
    },
  },
  {
    anomaly: 'G2-item',
    name: 'write skew',
    steps: [
      [1, 'begin'],
      [2, 'begin'],
      [1, where('id in (1, 2)')],
      [2, where('id in (1, 2)')],
      [1, set(1, 11)],
      [2, set(2, 21)],
      [1, 'commit'],
      [2, 'commit'],
    ],
    harm: {
      reads: [initialRows, initialRows],
      stored: [
        [1, 11],
        [2, 21],
      ],
    },
  },
  {
    anomaly: 'G2',
    name: 'anti-dependency cycle',
    steps: [
      [1, 'begin'],
      [2, 'begin'],
      [1, where('value % 3 = 0')],
      [2, where('value % 3 = 0')],
      [1, 'insert into test values (3, 30)'],
      [2, 'insert into test values (4, 42)'],
      [1, 'commit'],
      [2, 'commit'],
    ],
    harm: { reads: [[], []], stored: [...initialRows, [3, 30], [4, 42]] },
  },
  {
    anomaly: 'G2',
    name: 'anti-dependency cycle of two edges',
    steps: [
      [1, 'begin'],
      [1, all],
      [2, 'begin'],
      [2, set(2, 'value + 5')],
      [2, 'commit'],
      [3, 'begin'],
      [3, all],
      [3, 'commit'],
      [1, set(1, 0)],
      [1, 'commit'],
    ],
    harm: {
      reads: [
        initialRows,
        [
          [1, 10],
          [2, 25],
        ],
      ],
      stored: [
        [1, 0],
        [2, 25],
      ],
    },
  },
]

export const isRead = (action: string): boolean => action.startsWith('select')

/** The steps of one transaction. */
export function stepsOf(scenario: Scenario, transaction: number): readonly string[] {
  return scenario.steps.filter(([of]) => of === transaction).map(([, action]) => action)
}

export function transactionsOf({ steps }: Scenario): readonly number[] {
  return [...new Set(steps.map(([transaction]) => transaction))]
}

/** It begins, reads and ends. */
export function onlyReads(scenario: Scenario, transaction: number): boolean {
  return stepsOf(scenario, transaction).every((action) => isRead(action) || /^(begin|commit|rollback)$/.test(action))
}
