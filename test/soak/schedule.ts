import { isDeepStrictEqual } from 'node:util'
import type { AsyncConnection, AsyncTransaction } from 'offloop'
import type { Random } from './random.ts'
import { type Level, type Outcome, type Storage, TransactionModel } from './transaction-model.ts'

/** A connection, and beside it what it should do. Several tasks may share one. */
export class Modelled {
  readonly connection: AsyncConnection
  readonly model: TransactionModel

  constructor(connection: AsyncConnection, storage: Storage) {
    this.connection = connection
    this.model = new TransactionModel(storage)
  }

  /** What is different from the model, or null. */
  async difference(): Promise<string | null> {
    const { connection, model } = this
    if (connection.inTransaction() !== model.inTransaction) return `inTransaction() is ${connection.inTransaction()}`
    if (model.refusal(null) !== null) return null
    const stored = await connection.execute('select a from t order by a').scalars<number>()
    const expected = model.rows.toSorted((one, other) => one - other)
    return isDeepStrictEqual(stored, expected) ? null : `it sees ${stored.join()} and not ${expected.join()}`
  }
}

/** One call: what it does to the database, and what the model says of it. `expect` is called in the order in which the calls take effect. */
export interface Step {
  readonly kind: keyof typeof steps
  /** It cannot go on while another connection has the lock. */
  readonly takesLock: boolean
  issue(): Promise<Outcome>
  expect(): Outcome
}

const steps = {
  insert: 6,
  insertMany: 1,
  nestedTransaction: 1,
  fail: 2,
  failUnseen: 0.5,
  abort: 0.5,
  begin: 3,
  beginNested: 3,
  commit: 4,
  rollback: 2,
  close: 1,
  useEnded: 1,
}
const weights = Object.entries(steps).flatMap(([name, weight]) => Array.from({ length: weight * 2 }, () => name as keyof typeof steps))
const maxDepth = 6
const bad = 'insert into t values (?), (null)'

/** The last value that any task has written: no two are the same. */
let lastValue = 0

/** Somebody who uses a connection: he has transactions of his own, and nobody tells him of those of others. */
export class Task {
  readonly name: string
  readonly on: Modelled
  readonly #random: Random
  readonly #open = new Map<Level, AsyncTransaction>()
  #ended: AsyncTransaction[] = []

  constructor(name: string, on: Modelled, random: Random) {
    this.name = name
    this.on = on
    this.#random = random
  }

  /** The next step, chosen for what is open now. */
  next(): Step {
    this.#forgetEnded()
    const kind = this.#random.pick(weights)
    return { ...this[kind](), kind }
  }

  /** What his transactions say of themselves that the model does not, or null. */
  difference(): string | null {
    for (const [level, tx] of this.#open) {
      const isActive = this.on.model.refusal(level) === null
      if (tx.isActive !== isActive) return `${this.name}: isActive of a ${level.kind} is ${tx.isActive}`
      if (tx.isNested !== (level.kind !== 'root')) return `${this.name}: isNested of a ${level.kind} is ${tx.isNested}`
    }
    return null
  }

  /** Where a call comes through: the connection, or a transaction of his own that may not be the innermost. */
  #via(): { readonly level: Level | null; readonly handle: AsyncTransaction | AsyncConnection } {
    const level = this.#random.below(2) === 0 ? null : this.#own()
    return level === null ? { level, handle: this.on.connection } : { level, handle: this.#open.get(level) as AsyncTransaction }
  }

  /** One of his transactions, mostly the innermost. */
  #own(): Level | null {
    const levels = [...this.#open.keys()]
    if (levels.length === 0) return null
    return this.#random.below(4) > 0 ? (levels.at(-1) as Level) : this.#random.pick(levels)
  }

  #forgetEnded(): void {
    for (const [level, tx] of this.#open) {
      if (!level.ended) continue
      this.#open.delete(level)
      this.#ended = [...this.#ended, tx].slice(-5)
    }
  }

  /** A step that writes through `via`: outside a transaction it needs the lock. */
  #writing(via: Level | null, issue: () => PromiseLike<unknown>, expect: () => Outcome): Omit<Step, 'kind'> {
    return { takesLock: via === null && this.on.model.depth === 0, issue: () => outcomeOf(issue), expect }
  }

  insert(): Omit<Step, 'kind'> {
    const { level, handle } = this.#via()
    const value = ++lastValue
    return this.#writing(
      level,
      () => handle.execute('insert into t values (?)', [value]),
      () => this.on.model.write(level, [value]),
    )
  }

  insertMany(): Omit<Step, 'kind'> {
    const { level, handle } = this.#via()
    const values = [++lastValue, ++lastValue]
    const fails = this.#random.below(3) === 0
    const rows = [...values, ...(fails ? [null] : [])].map((value) => [value])
    return this.#writing(
      level,
      () => handle.executeMany('insert into t values (?)', rows),
      () => this.on.model.writeNested(level, values, fails ? 'IntegrityError' : 'done'),
    )
  }

  nestedTransaction(): Omit<Step, 'kind'> {
    const { level, handle } = this.#via()
    const values = [++lastValue, ++lastValue]
    const fails = this.#random.below(2) === 0
    const work = async (tx: AsyncTransaction): Promise<void> => {
      const [first, ...others] = values
      await tx.execute('insert into t values (?)', [first])
      // Whoever waits meanwhile waits for the whole, and not only for what is inside it.
      for (const value of others) await tx.transaction((inner) => inner.execute('insert into t values (?)', [value]))
      await tx.scalar('select count(*) from t')
      if (fails) throw new Error('on purpose')
    }
    return this.#writing(
      level,
      () => handle.transaction(work),
      () => this.on.model.writeNested(level, values, fails ? 'Error' : 'done'),
    )
  }

  /** A statement that fails, and nothing of it stays. */
  fail(): Omit<Step, 'kind'> {
    const { level, handle } = this.#via()
    return this.#writing(
      level,
      () => handle.execute(bad, [++lastValue]),
      () => this.on.model.write(level, [], 'IntegrityError'),
    )
  }

  failUnseen(): Omit<Step, 'kind'> {
    const level = this.#own()
    if (level === null || this.on.model.refusal(level) !== null) return this.fail()
    const issue = async (): Promise<Outcome> => {
      void this.#open.get(level)?.execute(bad, [++lastValue])
      return 'done'
    }
    const expect = (): Outcome => {
      this.on.model.failUnseen(level)
      return 'done'
    }
    return { takesLock: false, issue, expect }
  }

  abort(): Omit<Step, 'kind'> {
    const { level, handle } = this.#via()
    return this.#writing(
      level,
      () => handle.execute('insert or rollback into t values (null)'),
      () => this.on.model.abort(level),
    )
  }

  begin(): Omit<Step, 'kind'> {
    return this.#beginning('emulated', (handle) => handle.begin())
  }

  beginNested(): Omit<Step, 'kind'> {
    return this.#beginning('savepoint', (handle) => handle.beginNested())
  }

  #beginning(
    nested: 'emulated' | 'savepoint',
    begin: (handle: AsyncTransaction | AsyncConnection) => Promise<AsyncTransaction>,
  ): Omit<Step, 'kind'> {
    const { model } = this.on
    if (model.depth >= maxDepth) return this.insert()
    const { level: via, handle } = this.#via()
    const begun = Promise.withResolvers<AsyncTransaction>()
    const issue = (): Promise<Outcome> => outcomeOf(() => begin(handle).then(begun.resolve))
    const expect = (): Outcome => {
      const level = model.begin(via, nested)
      if (typeof level === 'string') return level
      void begun.promise.then((tx) => this.#open.set(level, tx))
      return 'done'
    }
    return { takesLock: model.depth === 0, issue, expect }
  }

  commit(): Omit<Step, 'kind'> {
    return this.#ending(
      (tx) => tx.commit(),
      (level) => this.on.model.commit(level),
    )
  }

  rollback(): Omit<Step, 'kind'> {
    return this.#ending(
      (tx) => tx.rollback(),
      (level) => this.on.model.rollback(level),
    )
  }

  close(): Omit<Step, 'kind'> {
    return this.#ending(
      (tx) => tx.close(),
      (level) => this.on.model.close(level),
    )
  }

  #ending(end: (tx: AsyncTransaction) => Promise<void>, expect: (level: Level) => Outcome): Omit<Step, 'kind'> {
    const level = this.#own()
    if (level === null) return this.insert()
    const tx = this.#open.get(level) as AsyncTransaction
    return { takesLock: false, issue: () => outcomeOf(() => end(tx)), expect: () => expect(level) }
  }

  useEnded(): Omit<Step, 'kind'> {
    if (this.#ended.length === 0) return this.fail()
    const tx = this.#random.pick(this.#ended)
    const use = this.#random.pick([() => tx.execute('insert into t values (-1)'), () => tx.commit(), () => tx.beginNested()])
    const issue = async (): Promise<Outcome> => {
      await tx.rollback()
      return outcomeOf(use)
    }
    return { takesLock: false, issue, expect: () => 'InvalidRequestError' }
  }
}

async function outcomeOf(work: () => PromiseLike<unknown>): Promise<Outcome> {
  try {
    await work()
    return 'done'
  } catch (error) {
    return (error instanceof Error ? error.name : typeof error) as Outcome
  }
}
