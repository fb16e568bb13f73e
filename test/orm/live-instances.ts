import type { StoredRows, Values } from './stored-rows.ts'

/** An instance, as far as the tests go. */
export interface Instance {
  [field: string]: unknown
  readonly pk: unknown
  update(values: object): Promise<unknown>
  save(): Promise<unknown>
  delete(): Promise<number>
  load(): Promise<unknown>
}

/** What an instance is to be like. */
export interface LiveState {
  /** Undefined where it has none. */
  readonly values: Values
  readonly stored: boolean
  readonly deleted: boolean
}

/** An instance that the program has, and what it is to be like. */
export interface Live {
  readonly instance: Instance
  readonly table: string
  state: LiveState
}

/** The rows and the instances that there are to be, and how they were before the transactions that are open. */
export class LiveInstances {
  rows: StoredRows
  lives: Live[] = []
  readonly #undo: { readonly states: Map<Live, LiveState>; readonly rows: StoredRows }[] = []

  constructor(rows: StoredRows) {
    this.rows = rows
  }

  begin(): void {
    this.#undo.push({ states: new Map(), rows: this.rows.copy() })
  }

  end(isRolledBack: boolean): void {
    const ended = this.#undo.pop()
    if (isRolledBack && ended !== undefined) this.rows = ended.rows
    for (const [live, state] of ended?.states ?? []) {
      if (isRolledBack) live.state = state
      else this.#remember(live, state)
    }
  }

  /** Of several changes in a transaction, the state before the first one counts. */
  #remember(live: Live, state: LiveState): void {
    const states = this.#undo.at(-1)?.states
    if (states?.has(live) === false) states.set(live, state)
  }

  /** An instance is changed with its row, and is what it was when that is rolled back. */
  become(live: Live, state: Partial<LiveState>): void {
    this.#remember(live, live.state)
    live.state = { ...live.state, ...state }
  }

  /** It is changed without a row. */
  add(table: string, instance: Instance, state: LiveState): Live {
    const live = { instance, table, state }
    this.lives.push(live)
    return live
  }
}
