import { join } from 'node:path'
import { type AsyncConnection, type AsyncEngine, type AsyncTransaction, createEngine } from 'offloop'
import { poolViolations } from './pool-state.ts'
import { Random } from './random.ts'
import { driverNames, inScratch, urlOf } from './scratch.ts'
import { livingThreads } from './threads.ts'

// A connection comes back to the pool while those who wait for it give up, and is neither lost nor given to two of them.

export interface HandOverFigures {
  races: number
  /** Callers whose time was over or whose signal aborted before they had a connection. */
  givenUp: number
  /** Callers whose engine was closed before. */
  closed: number
  /** Places of a pool that nobody had and nobody could have. */
  lost: number
  readonly violations: string[]
}

/** Races of one engine, before it is closed under those who still wait. */
const racesPerEngine = 500

export async function raceHandOvers(races: number, seed: number): Promise<HandOverFigures> {
  const figures: HandOverFigures = { races: 0, givenUp: 0, closed: 0, lost: 0, violations: [] }
  const random = new Random(seed)
  for (let index = 0; figures.races < races && figures.violations.length < 20; index++) {
    const driver = driverNames[index % driverNames.length] as string
    const size = 1 + random.below(4)
    const count = Math.min(racesPerEngine, races - figures.races)
    await inScratch(async (directory) => {
      const engine = createEngine(urlOf(driver, join(directory, 'pool.db')), { pool: { max: size }, readers: 1 })
      await new Pool(engine, size, { random, figures, name: `${driver}, pool of ${size}` }).race(count)
    })
  }
  return figures
}

interface Plan {
  readonly random: Random
  readonly figures: HandOverFigures
  readonly name: string
}

interface Waiting {
  readonly options: { readonly signal?: AbortSignal; readonly timeoutMs?: number }
  /** Errors by which it may end without a connection. */
  readonly mayFailWith: readonly string[]
  stop(): void
}

/** How long a connection is held at the most. */
const holdMs = 3

class Pool {
  readonly #engine: AsyncEngine
  readonly #size: number
  readonly #plan: Plan
  /** Connections that somebody has now. */
  readonly #held = new Set<number>()
  #closing = false

  constructor(engine: AsyncEngine, size: number, plan: Plan) {
    this.#engine = engine
    this.#size = size
    this.#plan = plan
  }

  async race(count: number): Promise<void> {
    const { figures, random } = this.#plan
    const borrowers = this.#size * 4
    await this.#engine.execute('create table item (x)')
    let left = Math.max(0, count - borrowers)
    const borrow = async (): Promise<void> => {
      while (left-- > 0) await this.#borrow()
    }
    await Promise.all(Array.from({ length: borrowers }, borrow))
    const found = await poolViolations(this.#engine, this.#size)
    figures.lost += found.length
    this.#violate(...found)
    const late = Array.from({ length: Math.min(borrowers, count) }, () => this.#borrow())
    await randomTimer(random.next() * holdMs * 2)
    this.#closing = true
    await this.#engine.close()
    await Promise.all(late)
    const { inUse, waiting, size } = this.#engine.status()
    if (inUse + waiting + size > 0) this.#violate(`closed, and ${inUse} connections are in use, ${waiting} callers wait, ${size} are open`)
    if (livingThreads().length > 0) this.#violate(`closed, and ${livingThreads().length} threads live`)
  }

  async #borrow(): Promise<void> {
    const { random, figures } = this.#plan
    figures.races++
    const waiting = this.#mayGiveUp()
    const ways = [this.#connect, this.#connect, this.#begin, this.#inTransaction]
    try {
      await random.pick(ways).call(this, waiting.options)
    } catch (error) {
      const name = error instanceof Error ? error.name : typeof error
      // A transaction that its engine has ended says so itself.
      if (this.#closing && (name === 'ResourceClosedError' || name === 'InvalidRequestError')) figures.closed++
      else if (waiting.mayFailWith.includes(name)) figures.givenUp++
      else this.#violate(`a caller who may be told ${waiting.mayFailWith.join(' or ') || 'nothing'} was told ${error}`)
    } finally {
      waiting.stop()
    }
  }

  #mayGiveUp(): Waiting {
    const { random } = this.#plan
    const afterMs = random.next() * holdMs * 4
    const way = random.below(4)
    if (way === 0) return { options: {}, mayFailWith: [], stop() {} }
    if (way === 1) return { options: { timeoutMs: afterMs }, mayFailWith: ['PoolTimeoutError', 'StatementTimeoutError'], stop() {} }
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), way === 2 ? afterMs : random.next())
    return { options: { signal: abort.signal }, mayFailWith: ['AbortError'], stop: () => clearTimeout(timer) }
  }

  async #connect(options: Waiting['options']): Promise<void> {
    const { random } = this.#plan
    const connection = await this.#engine.connect({ ...options, readonly: random.below(8) === 0 })
    if (connection.inTransaction()) this.#violate('a connection came in a transaction')
    const end = this.#enter(connection)
    let open: AsyncTransaction | null = null
    try {
      if (random.below(4) === 0) open = await connection.begin({ readonly: true })
      await this.#use(connection)
      if (random.below(16) === 0) connection.invalidate()
    } finally {
      end()
      // Once or twice at once, with its transaction or without one.
      await Promise.all([connection.close(), random.below(2) === 0 && connection.close(), open?.rollback()])
      await connection.close()
    }
  }

  async #begin(options: Waiting['options']): Promise<void> {
    const { random } = this.#plan
    const tx = await this.#engine.begin({ ...options, readonly: random.below(2) === 0 })
    const end = this.#enter(tx.connection)
    await this.#use(tx.connection)
    end()
    await (random.below(2) === 0 ? tx.commit() : tx.rollback())
    await tx.rollback()
  }

  async #inTransaction(options: Waiting['options']): Promise<void> {
    await this.#engine.transaction(async (tx) => {
      const end = this.#enter(tx.connection)
      try {
        await tx.execute('insert into item values (1)')
        await this.#use(tx.connection)
      } finally {
        end()
      }
    }, options)
  }

  /** Somebody has it now, and nobody else may until the returned function is called. */
  #enter(connection: AsyncConnection): () => void {
    const { id } = connection
    if (this.#held.has(id)) this.#violate(`connection ${id} was given to two callers`)
    this.#held.add(id)
    return () => this.#held.delete(id)
  }

  async #use(connection: AsyncConnection): Promise<void> {
    const { random } = this.#plan
    const value = random.below(1_000)
    if ((await connection.scalar('select ?', [value])) !== value) this.#violate('a connection gave somebody else’s answer')
    if (random.below(2) === 0) await randomTimer(random.next() * holdMs)
  }

  #violate(...found: readonly string[]): void {
    this.#plan.figures.violations.push(...found.map((violation) => `${this.#plan.name}: ${violation}`))
  }
}

/** Time that passes at random: nothing is waited for. */
function randomTimer(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
