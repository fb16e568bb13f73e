import { join } from 'node:path'
import { type AsyncConnection, type AsyncEngine, createEngine, type Executable, type ExecuteOptions, type Parameters } from 'offloop'
import { urlOf } from './scratch.ts'

/** What is to come of an input: an error, success, or either where only the database can say. */
export type Expectation = 'refused' | 'legal' | 'either'

/** One thing that somebody might pass to the public API. */
export interface BadInput {
  readonly name: string
  readonly expected: Expectation
  /** Functions that give no promise throw; all others reject. */
  readonly throws: boolean
  readonly give: (stage: Stage) => unknown
}

export function refused(name: string, give: BadInput['give'], throws = false): BadInput {
  return { name, expected: 'refused', throws, give }
}

export function legal(name: string, give: BadInput['give']): BadInput {
  return { name, expected: 'legal', throws: false, give }
}

export function either(name: string, give: BadInput['give']): BadInput {
  return { name, expected: 'either', throws: false, give }
}

/** The number of rows in the table that no input may touch. */
export const sentinelRows = 3

/** An engine with something to lose, which serves one input after another. */
export class Stage {
  readonly driver: string
  readonly directory: string
  readonly engine: AsyncEngine
  readonly connection: AsyncConnection
  #files = 0

  private constructor(driver: string, directory: string, engine: AsyncEngine, connection: AsyncConnection) {
    this.driver = driver
    this.directory = directory
    this.engine = engine
    this.connection = connection
  }

  static async open(driver: string, directory: string): Promise<Stage> {
    const engine = createEngine(urlOf(driver, join(directory, `${driver}.db`)), { pool: { max: 4 } })
    await engine.script(`
      create table sentinel (x); insert into sentinel values (1), (2), (3);
      create table t (a, b)
    `)
    return new Stage(driver, directory, engine, await engine.connect())
  }

  /** The path of a file that is not there. */
  newFile(): string {
    return join(this.directory, `${this.driver}-${++this.#files}.db`)
  }

  /** Runs work in a transaction that leaves nothing behind. */
  async inTransaction(work: (tx: Awaited<ReturnType<AsyncEngine['begin']>>) => PromiseLike<unknown>): Promise<unknown> {
    await using tx = await this.engine.begin()
    return await work(tx)
  }

  /** What is wrong with it after an input, or null. */
  async damage(): Promise<string | null> {
    if (this.connection.inTransaction()) await this.connection.execute('rollback')
    const count = 'select count(*) from sentinel'
    for (const via of [this.engine, this.connection]) {
      const rows = await via.scalar(count)
      if (rows !== sentinelRows) return `the sentinel has ${rows} rows`
    }
    const { inUse, waiting, quarantined } = this.engine.status()
    if (inUse !== 1 || waiting !== 0 || quarantined !== 0)
      return `of its connections, ${inUse} are in use, ${quarantined} stuck, ${waiting} waited for`
    return null
  }

  async close(): Promise<void> {
    await this.connection.close()
    await this.engine.close()
  }
}

/** The parameters of `execute`, of any kind at all. */
export type Call = (stage: Stage, statement: unknown, params?: unknown, options?: unknown) => unknown

type Arguments = [statement: Executable, params?: Parameters, options?: ExecuteOptions]

function called(call: (stage: Stage, args: Arguments) => unknown): Call {
  // The whole point is to pass what the types forbid.
  return (stage, ...args) => call(stage, args as Arguments)
}

/** Every way in which a statement gets in. */
export const doors: Readonly<Record<string, Call>> = {
  'engine.execute': called(({ engine }, args) => engine.execute(...args)),
  'engine.execute().fetchall': called(({ engine }, args) => engine.execute(...args).fetchall()),
  'engine.scalar': called(({ engine }, args) => engine.scalar(...args)),
  'engine.stream': called(({ engine }, args) => readAll(engine.stream(...args))),
  'connection.execute': called(({ connection }, args) => connection.execute(...args)),
  'connection.stream': called(({ connection }, args) => readAll(connection.stream(...args))),
  'transaction.execute': called((stage, args) => stage.inTransaction((tx) => tx.execute(...args))),
  'engine.executeMany': called(({ engine }, [statement, params]) => engine.executeMany(statement, [params as Parameters])),
  'connection.executeMany': called(({ connection }, [statement, params]) => connection.executeMany(statement, [params as Parameters])),
}

async function readAll(rows: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of rows);
}
