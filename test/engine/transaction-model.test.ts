import { type AsyncConnection, type AsyncTransaction, InvalidRequestError } from 'offloop'
import { expect, test } from 'vitest'
import { errorOf, openEngine, randomNumbers, seed } from './open-engine.ts'

interface Level {
  readonly tx: AsyncTransaction
  readonly kind: 'root' | 'emulated' | 'savepoint'
  /** The rows when it began. */
  readonly before: readonly number[]
}

const steps = ['insert', 'insert', 'begin', 'nest', 'commit', 'rollback', 'close', 'endedAgain', 'endOutermost'] as const
type Step = (typeof steps)[number]

/** A connection, and beside it what its transactions should do to a table of numbers. */
class Model {
  readonly #connection: AsyncConnection
  readonly #random: () => number
  #rows: number[] = []
  #stack: Level[] = []
  /** The level that the rollback of an emulated transaction has undone, until its own rollback(); -1 when there is none. */
  #doomed = -1
  #ended: AsyncTransaction[] = []
  #lastValue = 0

  constructor(connection: AsyncConnection, random: () => number) {
    this.#connection = connection
    this.#random = random
  }

  async take(step: Step): Promise<void> {
    await this[step]()
    expect(this.#connection.inTransaction()).toBe(this.#stack.length > 0 && this.#doomed !== 0)
    if (this.#doomed >= 0) return
    const stored = await this.#connection.execute('select a from t order by a').scalars()
    expect(stored).toEqual(this.#rows.toSorted((one, other) => one - other))
    if (this.#stack.length > 0 || this.#rows.length < 40) return
    await this.#connection.execute('delete from t')
    this.#rows = []
  }

  get #top(): Level | undefined {
    return this.#stack.at(-1)
  }

  /** The innermost transaction, or the connection: what comes through either is inside the same. */
  get #via(): AsyncTransaction | AsyncConnection {
    return this.#top === undefined || this.#random() < 0.5 ? this.#connection : this.#top.tx
  }

  /** Runs what is refused as long as a level is doomed; true when it was not. */
  async #unlessDoomed(work: () => PromiseLike<unknown>): Promise<boolean> {
    if (this.#doomed >= 0) expect(await errorOf(work())).toBeInstanceOf(InvalidRequestError)
    else await work()
    return this.#doomed < 0
  }

  async insert(): Promise<void> {
    const value = ++this.#lastValue
    const done = await this.#unlessDoomed(() => this.#via.execute('insert into t values (?)', [value]))
    if (done) this.#rows.push(value)
  }

  begin(): Promise<void> {
    return this.#begin('emulated', () => this.#via.begin())
  }

  nest(): Promise<void> {
    return this.#begin('savepoint', () => this.#via.beginNested())
  }

  async #begin(nested: Level['kind'], begin: () => Promise<AsyncTransaction>): Promise<void> {
    if (this.#stack.length === 6) return
    const kind = this.#top === undefined ? 'root' : nested
    await this.#unlessDoomed(async () => {
      const tx = await begin()
      expect([tx.isActive, tx.isNested]).toEqual([true, kind !== 'root'])
      this.#stack.push({ tx, kind, before: [...this.#rows] })
    })
  }

  async commit(): Promise<void> {
    const top = this.#top
    if (top !== undefined && (await this.#unlessDoomed(() => top.tx.commit()))) this.#end(this.#stack.length - 1)
  }

  async rollback(): Promise<void> {
    const top = this.#top
    if (top === undefined) return
    await top.tx.rollback()
    this.#undo(top)
  }

  async close(): Promise<void> {
    const top = this.#top
    if (top === undefined) return
    await top.tx.close()
    // An emulated one only ends.
    if (top.kind === 'emulated') this.#end(this.#stack.length - 1)
    else this.#undo(top)
  }

  #undo(top: Level): void {
    const at = this.#stack.length - 1
    if (this.#doomed === at) this.#doomed = -1
    else if (this.#doomed < 0) {
      if (top.kind === 'emulated') this.#doomed = this.#stack.findLastIndex(({ kind }, index) => index < at && kind !== 'emulated')
      this.#rows = [...(this.#stack[this.#doomed]?.before ?? top.before)]
    }
    this.#end(at)
  }

  async endedAgain(): Promise<void> {
    const tx = this.#ended[Math.floor(this.#random() * this.#ended.length)]
    if (tx === undefined) return
    expect(await errorOf(tx.execute('insert into t values (-1)'))).toBeInstanceOf(InvalidRequestError)
    expect(await errorOf(tx.commit())).toBeInstanceOf(InvalidRequestError)
    await tx.rollback()
  }

  async endOutermost(): Promise<void> {
    const [root] = this.#stack
    if (root === undefined || this.#doomed >= 0 || this.#random() < 0.7) return
    if (this.#random() < 0.5) {
      await root.tx.commit()
    } else {
      await root.tx.rollback()
      this.#rows = [...root.before]
    }
    this.#end(0)
  }

  /** What is inside a level ends with it. */
  #end(from: number): void {
    this.#ended = [...this.#ended, ...this.#stack.splice(from).map(({ tx }) => tx)].slice(-5)
  }
}

test('2,000 random steps of begin, nest, savepoint, commit, rollback and insert give what a model gives', async () => {
  const engine = openEngine()
  const connection = await engine.connect()
  await connection.execute('create table t (a integer)')
  const random = randomNumbers(seed)
  const model = new Model(connection, random)
  const taken: Step[] = []
  try {
    while (taken.length < 2_000) {
      const step = steps[Math.floor(random() * steps.length)] as Step
      taken.push(step)
      await model.take(step)
    }
  } catch (error) {
    throw new Error(`SEED=${seed} fails at step ${taken.length}, after ${taken.slice(-12).join(', ')}`, { cause: error })
  }
  await connection.close()
})
