import type { AsyncEngine } from '../engine/contract.ts'
import { createEngine } from '../engine/engine.ts'
import { closeEngine, runsInThreads } from './close-engine.ts'
import { type DatabaseWish, databaseUrl } from './database-argument.ts'
import { interruptible } from './interruption.ts'
import { say } from './messages.ts'

export interface EngineWish extends DatabaseWish {
  /** A statement that is given up inside a native call is stopped, with the process that it is in. Of SQLite's files. */
  readonly killable?: boolean | undefined
  /** The path of the extension that stops such a statement alone. Of SQLite. */
  readonly interrupt?: string | undefined
}

/** An engine that changes no setting of the database's file, and whose warnings are for the one at the terminal. */
export function openEngine(database: string | undefined, wish: EngineWish): AsyncEngine {
  const url = databaseUrl(database, wish)
  const logger = { debug: say, info: say, warn: say, error: say }
  if (url.dialect !== 'sqlite') return createEngine(url, { logger })
  const isFile = url.database !== undefined && url.database !== ':memory:'
  const isolation = wish.killable === true && isFile ? 'process' : 'thread'
  const options = { logger, isolation, interrupt: wish.interrupt, readers: 1, pragmas: { journal_mode: null, synchronous: null } } as const
  return isolation === 'thread' ? runsInThreads(createEngine(url, options)) : createEngine(url, options)
}

/** Opens the database for some work and closes it behind it; the work's signal is Ctrl-C. */
export async function withDatabase<T>(
  database: string | undefined,
  wish: EngineWish,
  work: (engine: AsyncEngine, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const engine = openEngine(database, wish)
  return await interruptible(async (signal) => {
    try {
      return await work(engine, signal)
    } finally {
      await closeEngine(engine, { force: signal.aborted })
    }
  })
}
