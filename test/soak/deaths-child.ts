import { type AsyncConnection, type AsyncTransaction, CommitOutcomeUnknownError, createEngine, WorkerTerminatedError } from 'offloop'
import { timeNow } from '../faults/modules/deaths.ts'
import { poolViolations } from './pool-state.ts'
import { Random } from './random.ts'
import { silent, urlOf } from './scratch.ts'
import { Settlements } from './settlements.ts'
import { livingThreads } from './threads.ts'

/** How one thread died, and what came of the calls of its connection; a line of JSON on its way to the parent. */
export interface DeathOutcome {
  readonly death: string
  readonly sent: number
  /** Promises that never settled. */
  readonly pending: number
  /** Calls that had been answered before. */
  readonly answered: number
  /** From the death to the last promise that settled. */
  readonly slowestMs: number
  /** How the commit ended, where one was on its way. */
  readonly commit: 'none' | 'stored' | 'refused' | 'unknown'
  /** Rows of a transaction that was not committed. */
  readonly stored: number
  /** Calls that were accepted after the death. */
  readonly ranLater: number
  /** How long another connection waited for the lock; null when it did not get it. */
  readonly lockMs: number | null
  readonly violations: readonly string[]
}

// Lets threads die in the middle of a transaction, in the ways of its arguments, and tells of each what came of it.
const [driver = '', file = '', journal = '', seed = '', ...deaths] = process.argv.slice(2)
const module = new URL('../faults/modules/deaths.ts', import.meta.url)
const insert = 'insert into item (round, place) values (?, ?)'
const manyRows = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000) select i from n'
const fewMs = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000) select count(*) from n'
/** Nobody waits longer for a promise that should have settled long ago. */
const deadlineMs = 15_000

const random = new Random(Number(seed))
const options = { pragmas: { journal_mode: journal }, resourceLimits: { maxOldGenerationSizeMb: 32 } }
const engine = createEngine(urlOf(driver, file), { ...options, logger: silent, pool: { max: 2 } })
const other = createEngine(urlOf(driver, file), { ...options, logger: silent, pool: { max: 1 } })

/** A connection with a transaction, from its begin to the death of its thread. */
class Life {
  readonly #round: number
  readonly #commits = random.below(4) === 0
  readonly #settlements = new Settlements()
  readonly #diedAt = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT))
  readonly #violations: string[] = []
  #connection!: AsyncConnection
  #tx!: AsyncTransaction
  #inserted = 0
  #commit: DeathOutcome['commit'] = 'none'

  constructor(round: number) {
    this.#round = round
  }

  async end(death: string): Promise<DeathOutcome> {
    this.#connection = await engine.connect()
    this.#tx = await this.#connection.begin()
    for (let rows = random.below(20); rows >= 0; rows--) await this.#tx.execute(insert, this.#row())
    const exited = this.#watchThread()
    const moments = death === 'terminate' ? [this.#terminated] : [this.#amongQueued, this.#whileSending]
    await random.pick(moments).call(this, death)
    await inTime(Promise.all([this.#settlements.all(), exited]))
    const slowestMs = Math.max(0, performance.timeOrigin + this.#settlements.lastAt - (this.#diedAt[0] as number))
    const { sent, settled, resolved } = this.#settlements
    const found = { ranLater: await this.#useLater(), ...(await this.#look()) }
    await this.#tx.rollback()
    await this.#connection.close()
    this.#violations.push(...(await poolViolations(engine, 2)))
    const calls = { sent, pending: sent - settled, answered: resolved, slowestMs, commit: this.#commit }
    return { death, ...calls, ...found, violations: [...this.#violations, ...this.#wrongErrors()] }
  }

  /** Resolves when the thread has exited; that is its death where it could not say itself. */
  #watchThread(): Promise<void> {
    return new Promise((resolve) =>
      this.#thread.once('exit', () => {
        if (this.#diedAt[0] === 0) this.#diedAt[0] = timeNow()
        resolve()
      }),
    )
  }

  get #thread() {
    const thread = livingThreads().find(({ threadId }) => threadId === this.#connection.threadId)
    if (thread === undefined) throw new Error('the connection has no thread')
    return thread
  }

  /** The death is one of the calls in the queue; in half the cases beside a cursor that is not at its end. */
  async #amongQueued(death: string): Promise<void> {
    if (!this.#commits && random.below(2) === 0) await (await this.#tx.execute(manyRows)).fetchone()
    this.#sendSome(40)
    this.#settlements.add(this.#tx.call(module, 'die', death, this.#diedAt, null))
    this.#sendSome(60)
    if (this.#commits) this.#sendCommit()
  }

  /** The death comes by itself while calls are sent. */
  async #whileSending(death: string): Promise<void> {
    this.#settlements.add(this.#tx.call(module, 'die', death, this.#diedAt, random.next() * 8))
    await this.#keepSending()
  }

  async #terminated(): Promise<void> {
    const thread = this.#thread
    // The timer is what makes the moment random.
    setTimeout(() => {
      this.#diedAt[0] = timeNow()
      void thread.terminate()
    }, random.next() * 8)
    await this.#keepSending()
  }

  async #keepSending(): Promise<void> {
    for (let sendings = random.below(12); !this.#connection.closed; sendings--) {
      this.#sendSome(12)
      if (this.#commits && sendings <= 0) {
        this.#sendCommit()
        return
      }
      // A thread that always has something to do never comes to its timers.
      const most = random.pick([0, 4, 8])
      do await new Promise(setImmediate)
      while (this.#settlements.sent - this.#settlements.settled > most && !this.#connection.closed)
    }
  }

  #sendSome(most: number): void {
    for (let count = random.below(most); count >= 0; count--) this.#settlements.add(this.#send())
  }

  /** What is committed is to be counted: then nothing but single rows is written. */
  #send(): PromiseLike<unknown> {
    const tx = this.#tx
    const kinds = [
      () => tx.execute(insert, this.#row()),
      () => this.#connection.execute(insert, this.#row()),
      () => tx.scalar(fewMs),
      () => tx.execute('select round from item order by place').fetchall(),
      () => tx.executeMany(insert, [this.#row(), this.#row()]),
      () => tx.script(`insert into item values (${this.#round}, 'script')`),
      async () => {
        for await (const _ of tx.stream(manyRows)) break
      },
      () => tx.transaction((inner) => inner.execute(insert, this.#row())),
    ]
    return random.pick(this.#commits ? kinds.slice(0, 4) : kinds)()
  }

  #row(): (number | string)[] {
    this.#inserted++
    return [this.#round, 'before']
  }

  #sendCommit(): void {
    const committing = this.#tx.commit().then(
      () => {
        this.#commit = 'stored'
      },
      (error: unknown) => {
        this.#commit = error instanceof CommitOutcomeUnknownError ? 'unknown' : 'refused'
        if (this.#commit === 'refused') throw error
      },
    )
    this.#settlements.add(committing)
  }

  /** Calls behind the death: none of them may run, on no connection. */
  async #useLater(): Promise<number> {
    const late = [this.#round, 'after']
    const later = await Promise.allSettled([
      this.#tx.execute(insert, late),
      this.#connection.execute(insert, late),
      this.#tx.executeMany(insert, [late]),
      this.#connection.script(`insert into item values (${late[0]}, 'after')`),
      this.#connection.begin(),
      this.#tx.beginNested(),
      this.#connection.transaction((tx) => tx.execute(insert, late)),
      this.#tx.commit(),
      this.#connection.scalar('select 1'),
    ])
    return later.filter(({ status }) => status === 'fulfilled').length
  }

  /** What another connection finds: the lock is free, and nothing is stored that was not committed. */
  async #look(): Promise<Pick<DeathOutcome, 'lockMs' | 'stored'>> {
    const startedAt = performance.now()
    try {
      const next = await other.begin()
      const lockMs = performance.now() - startedAt
      const rows = await next.execute<{ place: string }>('select place from item where round = ?', [this.#round]).fetchall()
      await next.rollback()
      return { lockMs, stored: this.#notCommitted(rows.length) }
    } catch (error) {
      this.#violations.push(`another connection cannot begin: ${error}`)
      return { lockMs: null, stored: 0 }
    }
  }

  #notCommitted(rows: number): number {
    if (this.#commit === 'none' || this.#commit === 'refused') return rows
    if (this.#commit === 'unknown' && rows === 0) return 0
    if (rows !== this.#inserted) this.#violations.push(`of the ${this.#inserted} rows that were committed ${rows} are stored`)
    return 0
  }

  #wrongErrors(): string[] {
    return this.#settlements.errors
      .filter((error) => !(error instanceof WorkerTerminatedError))
      .map((error) => `a call was told ${error instanceof Error ? error.stack : error}`)
  }
}

async function inTime(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs)
  })
  await Promise.race([work, expired])
  clearTimeout(timer)
}

await engine.script('create table item (round integer, place text)')
// The first look for a lock is not to wait for its thread.
await (await other.connect()).close()
for (const [round, death] of deaths.entries()) console.log(JSON.stringify(await new Life(round).end(death)))
await Promise.all([engine.close(), other.close()])
if (livingThreads().length > 0) console.error(`${livingThreads().length} threads live on after close()`)
