import { type AsyncEngine, createEngine, EngineURL, type ExecuteOptions, OffloopError } from 'offloop'
import { BadNetwork } from './bad-network.ts'
import { Random, seed } from './random.ts'
import { isProgram, numberOption, report, silent } from './scratch.ts'
import { serverUrls } from './servers.ts'

// Servers behind a bad network: every call settles, with an error of its own where it fails; what was acknowledged is stored, nothing is
// stored in part, and it works again as soon as the network does.

export interface NetworkFigures {
  done: number
  failed: number
  broken: number
  readonly violations: string[]
}

const tasks = 12
/** What asks for no COMMIT ends so long after its time limit: its connection is given up by then. */
const longestMs = 15_000
/** A COMMIT is waited for as long as the network keeps its connection. */
const longestAfterMs = 20_000

/** Rows that belong together, and what is known of them: whether they are stored, must not be, or may be either. */
interface Written {
  readonly rows: number
  stored: boolean | null
}

/** @param url of a database in which a table is made and dropped */
export async function troubleNetwork(
  url: string,
  { seconds, seed }: { readonly seconds: number; readonly seed: number },
): Promise<NetworkFigures> {
  const direct = EngineURL.parse(url)
  const random = new Random(seed)
  await using admin = createEngine(direct)
  const table = `offloop_network_${process.pid}_${seed}`
  await admin.execute(`create table ${table} (id integer primary key, part integer not null, text varchar(1000) not null)`)
  await using network = new BadNetwork({ host: direct.host ?? '127.0.0.1', port: direct.port ?? (isPostgres(admin) ? 5432 : 3306) }, random)
  const behind = direct.with({ host: '127.0.0.1', port: await network.open() })
  const placement = random.pick(['worker', 'main'] as const)
  const engine = createEngine(behind, { pool: { max: 4, acquireTimeoutMs: 2_000 }, placement, logger: silent })
  const work = new NetworkWork(engine, table, random)
  try {
    const endAt = performance.now() + seconds * 1_000
    const working = Promise.all(Array.from({ length: tasks }, () => work.until(endAt)))
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
    network.recover()
    await work.settles('what was going on when the network recovered', longestAfterMs, working)
    const answers = Array.from({ length: tasks }, () => engine.scalar('select 1', [], { timeoutMs: 10_000 }))
    for (const { reason } of (await Promise.allSettled(answers)).filter(({ status }) => status === 'rejected') as PromiseRejectedResult[])
      work.violations.push(`behind a network that works again: ${reason}`)
    await work.settles('close()', longestAfterMs, engine.close())
    await work.compareWith(admin)
  } finally {
    await engine.close({ force: true })
    await admin.execute(`drop table ${table}`)
  }
  return { done: work.done, failed: work.failed, broken: network.broken, violations: work.violations }
}

function isPostgres(engine: AsyncEngine): boolean {
  return engine.dialect.name === 'postgresql'
}

class NetworkWork {
  done = 0
  failed = 0
  readonly violations: string[] = []
  readonly #engine: AsyncEngine
  readonly #table: string
  readonly #random: Random
  readonly #numbers: string
  readonly #sleep: string
  readonly #parts = new Map<number, Written>()
  #lastId = 0
  #stuck = false

  constructor(engine: AsyncEngine, table: string, random: Random) {
    this.#engine = engine
    this.#table = table
    this.#random = random
    this.#numbers = isPostgres(engine)
      ? 'select n from generate_series(1, :count) n'
      : 'with recursive g (n) as (select 1 union all select n + 1 from g where n < :count) select n from g'
    this.#sleep = isPostgres(engine) ? 'select pg_sleep(:seconds)' : 'select sleep(:seconds)'
  }

  async until(endAt: number): Promise<void> {
    const reads = [this.#echo, this.#stream, this.#rest, this.#ofConnection, this.#rolledBack]
    const writes = [this.#insert, this.#transaction, this.#many]
    while (performance.now() < endAt && !this.#stuck) {
      const [kinds, isRead] = this.#random.next() < 0.6 ? [reads, true] : [writes, false]
      const kind = this.#random.pick(kinds)
      const options = this.#options()
      try {
        const working = kind.call(this, options)
        await (isRead ? this.settles(kind.name, longestMs, working) : working)
        this.done++
      } catch (error) {
        this.failed++
        if (!(error instanceof OffloopError) || error.name === 'InternalError') this.violations.push(`${kind.name}: ${error}`)
      }
    }
  }

  /** Waits for it, but not for ever. */
  async settles<T>(what: string, ms: number, working: Promise<T>): Promise<T | undefined> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => {
        this.#stuck = true
        this.violations.push(`has not settled in ${ms} ms: ${what}`)
        resolve(undefined)
      }, ms)
    })
    try {
      return await Promise.race([working, late])
    } finally {
      clearTimeout(timer)
    }
  }

  /** What is stored of each part: all of its rows, or none. */
  async compareWith(admin: AsyncEngine): Promise<void> {
    const found = new Map<number, number>()
    const counts = await admin
      .execute<{ part: number; n: number }>(`select part, count(*) as n from ${this.#table} group by part`)
      .fetchall()
    for (const { part, n } of counts) found.set(part, n)
    for (const [part, { rows, stored }] of this.#parts) {
      const there = found.get(part) ?? 0
      if (there !== 0 && there !== rows) this.violations.push(`part ${part}: ${there} of ${rows} rows are stored`)
      else if (stored !== null && stored !== there > 0)
        this.violations.push(`part ${part}: ${there > 0 ? 'stored' : 'lost'}, against what was said`)
    }
  }

  #options(): ExecuteOptions {
    const timeoutMs = 100 + this.#random.below(1_500)
    return this.#random.next() < 0.15 ? { timeoutMs, signal: AbortSignal.timeout(this.#random.below(300)) } : { timeoutMs }
  }

  async #echo(options: ExecuteOptions): Promise<void> {
    const text = 'é'.repeat(this.#random.below(5_000))
    const same = isPostgres(this.#engine) ? 'select :text::text' : 'select :text'
    if ((await this.#engine.scalar(same, { text }, options)) !== text) this.violations.push('a text came back as another one')
  }

  async #stream(options: ExecuteOptions): Promise<void> {
    const count = 1 + this.#random.below(900)
    const leaveAt = this.#random.next() < 0.3 ? this.#random.below(count) : Number.POSITIVE_INFINITY
    let rows = 0
    for await (const { n } of this.#engine.stream<{ n: number }>(this.#numbers, { count }, options)) {
      if (n !== ++rows) this.violations.push(`row ${rows} of a stream is ${n}`)
      if (rows === leaveAt) return
    }
    if (rows !== count) this.violations.push(`a stream ended with ${rows} of ${count} rows`)
  }

  async #rest(options: ExecuteOptions): Promise<void> {
    await this.#engine.execute(this.#sleep, { seconds: this.#random.next() * 0.4 }, options).fetchall()
  }

  async #ofConnection(options: ExecuteOptions): Promise<void> {
    await using conn = await this.#engine.connect(options)
    const open = await conn.execute(this.#numbers, { count: 1 + this.#random.below(900) }, options)
    if (this.#random.next() < 0.5) await open.fetchmany(3)
    if ((await conn.scalar('select 2', [], options)) !== 2) this.violations.push('a statement was given the rows of another one')
  }

  async #rolledBack(options: ExecuteOptions): Promise<void> {
    const { id, part } = this.#part(1, false)
    const tx = await this.#engine.begin(options)
    try {
      await this.#insertInto(tx, id, part, options)
    } finally {
      await tx.rollback()
    }
  }

  async #insert(options: ExecuteOptions): Promise<void> {
    const { id, part, written } = this.#part(1, null)
    await this.#insertInto(this.#engine, id, part, options)
    written.stored = true
  }

  async #transaction(options: ExecuteOptions): Promise<void> {
    const { id, part, written } = this.#part(2, null)
    await this.#noting(written, () =>
      this.#engine.transaction(async (tx) => {
        await this.#insertInto(tx, id, part, options)
        await this.#insertInto(tx, id + 1, part, options)
      }, options),
    )
  }

  async #many(options: ExecuteOptions): Promise<void> {
    const { id, part, written } = this.#part(1 + this.#random.below(400), null)
    const rows = Array.from({ length: written.rows }, (_, index) => ({ id: id + index, part, text: 'x'.repeat(this.#random.below(300)) }))
    await this.#noting(written, () => this.#engine.executeMany(`insert into ${this.#table} values (:id, :part, :text)`, rows, options))
  }

  async #insertInto(through: Pick<AsyncEngine, 'execute'>, id: number, part: number, options: ExecuteOptions): Promise<void> {
    await through.execute(`insert into ${this.#table} values (:id, :part, 'x')`, { id, part }, options)
  }

  /** A transaction that fails is undone, unless nobody can know. */
  async #noting(written: Written, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
      written.stored = true
    } catch (error) {
      if ((error as Error).name !== 'CommitOutcomeUnknownError') written.stored = false
      throw error
    }
  }

  #part(rows: number, stored: boolean | null): { readonly id: number; readonly part: number; readonly written: Written } {
    const written: Written = { rows, stored }
    const part = this.#parts.size + 1
    this.#parts.set(part, written)
    const id = this.#lastId + 1
    this.#lastId += rows
    return { id, part, written }
  }
}

if (isProgram(import.meta)) {
  const rounds = numberOption('rounds', 4)
  for (const name of ['postgresql', 'mysql'] as const) {
    const all: NetworkFigures = { done: 0, failed: 0, broken: 0, violations: [] }
    for (let round = 0; round < rounds; round++) {
      const { done, failed, broken, violations } = await troubleNetwork(serverUrls[name], { seconds: 30, seed: seed + round })
      all.done += done
      all.failed += failed
      all.broken += broken
      all.violations.push(...violations.map((violation) => `seed ${seed + round}: ${violation}`))
    }
    const { violations, ...figures } = all
    report(name, figures, violations)
  }
}
