import {
  AbortError,
  type AsyncConnection,
  CommitOutcomeUnknownError,
  IntegrityError,
  InvalidRequestError,
  OperationalError,
  PoolTimeoutError,
  ResourceClosedError,
  StatementTimeoutError,
  TransactionAbortedError,
  WorkerTerminatedError,
} from 'offloop'
import { deaths } from '../faults/modules/deaths.ts'
import { type Bank, openBankEngine } from './endurance-bank.ts'

// What goes wrong while a bank is at work. Each fault says in which error it is to end.

type ErrorClass = new (message: string) => Error

/** Gives up nothing of its own: what it strikes is told by others. */
type Fault = (bank: Bank) => Promise<void>

const module = new URL('../faults/modules/deaths.ts', import.meta.url)
const endlessRows = 'with recursive n(i) as (select 1 union all select i + 1 from n) select i from n'
const longCall = 'with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000) select count(*) from n'

/** Notes a violation unless the call is refused by one of the classes. A lock that another engine holds may always come first, and so may the
 * death of a thread that all share. */
async function expectRefusal(bank: Bank, what: string, call: PromiseLike<unknown>, ...classes: readonly ErrorClass[]): Promise<void> {
  try {
    await call
  } catch (error) {
    if (!classes.some((expected) => error instanceof expected) && !isBusy(error))
      bank.violations.push(`${what}: it was refused by ${error}`)
    return
  }
  bank.violations.push(`${what}: it was not refused`)
}

export function isBusy(error: unknown): boolean {
  return error instanceof OperationalError && error.retryable
}

async function onConnection(bank: Bank, work: (conn: AsyncConnection) => Promise<void>): Promise<void> {
  await using conn = await bank.engine.connect()
  await work(conn)
}

/** In a transaction that has taken money out, and has a cursor open. */
function dies(death: string): Fault {
  return (bank) =>
    onConnection(bank, async (conn) => {
      const tx = await conn.begin()
      await bank.take(tx)
      const cursor = await tx.execute('select id from account')
      await cursor.fetchone()
      await expectRefusal(bank, `a death by ${death}`, tx.call(module, death), WorkerTerminatedError)
      await expectRefusal(bank, `a commit behind a death by ${death}`, tx.commit(), WorkerTerminatedError)
      await tx.rollback()
    })
}

const outOfThreads: Readonly<Record<string, Fault>> = {
  ...Object.fromEntries(deaths.map((death) => [`a death by ${death}`, dies(death)])),
  'the death of a reader': (bank) => expectRefusal(bank, 'a reader', bank.engine.execute('select die()'), WorkerTerminatedError),
  'the death of the writer': (bank) =>
    expectRefusal(bank, 'the writer', bank.engine.execute('insert into log (client, text) values (0, die())'), WorkerTerminatedError),
  'a death behind a commit': (bank) =>
    onConnection(bank, async (conn) => {
      await conn.call(module, 'dieAfterCommit')
      const tx = await conn.begin()
      await bank.move(tx)
      await expectRefusal(bank, 'a commit', tx.commit(), CommitOutcomeUnknownError)
    }),
  'a death before a commit': (bank) =>
    onConnection(bank, async (conn) => {
      await conn.call(module, 'dieBeforeCommit')
      const tx = await conn.begin()
      await bank.move(tx)
      await expectRefusal(bank, 'a commit', tx.commit(), CommitOutcomeUnknownError)
    }),
  'a death with a queue behind it': (bank) =>
    onConnection(bank, async (conn) => {
      const calls = [conn.call(module, 'exit'), ...Array.from({ length: 50 }, () => conn.execute('select 1').fetchall())]
      await Promise.all(calls.map((call) => expectRefusal(bank, 'a call in the queue', call, WorkerTerminatedError)))
    }),
}

const givenUp: Readonly<Record<string, Fault>> = {
  'an abort': async ({ aborts, random }) => {
    if (aborts.size > 0) random.pick([...aborts]).abort(new Error('given up'))
  },
  'an abort of several': async ({ aborts }) => {
    for (const abort of [...aborts].slice(0, 4)) abort.abort()
  },
  'an abort inside a native call': (bank) =>
    onConnection(bank, async (conn) => {
      const abort = new AbortController()
      const call = expectRefusal(bank, 'a long call', conn.scalar(longCall, [], { signal: abort.signal }), AbortError)
      setImmediate(() => abort.abort())
      await call
    }),
  'a timeout': (bank) =>
    expectRefusal(
      bank,
      'endless rows',
      bank.engine.execute(endlessRows, [], { timeoutMs: 10 }).fetchall(),
      StatementTimeoutError,
      WorkerTerminatedError,
    ),
  'a timeout inside a transaction': (bank) =>
    onConnection(bank, async (conn) => {
      const tx = await conn.begin()
      await bank.take(tx)
      await expectRefusal(bank, 'endless rows', tx.execute(endlessRows, [], { timeoutMs: 10 }).fetchall(), StatementTimeoutError)
      await tx.rollback()
    }),
  'a connection that comes too late': async (bank) => {
    const signal = AbortSignal.abort()
    await expectRefusal(bank, 'connect()', bank.engine.connect({ signal }), AbortError)
    await bank.engine.connect({ timeoutMs: 0 }).then(
      (conn) => conn.close(),
      (error: unknown) => {
        if (!(error instanceof PoolTimeoutError)) throw error
      },
    )
  },
}

const refusedByDatabase: Readonly<Record<string, Fault>> = {
  'a constraint': (bank) =>
    expectRefusal(
      bank,
      'a check',
      bank.engine.execute('update account set balance = -1 where id = 0'),
      IntegrityError,
      WorkerTerminatedError,
    ),
  'a constraint in a transaction': (bank) =>
    onConnection(bank, async (conn) => {
      const tx = await conn.begin()
      await bank.take(tx)
      await expectRefusal(bank, 'a foreign check', tx.execute('insert into counter values (0, 0)'), IntegrityError)
      await tx.rollback()
    }),
  'a constraint that nobody has seen': async (bank) => {
    await using tx = await bank.engine.begin()
    await bank.take(tx)
    const unseen = tx.execute('insert into counter values (0, 0)')
    await expectRefusal(bank, 'a commit over a failure', tx.commit(), InvalidRequestError)
    await expectRefusal(bank, 'the failure', unseen, IntegrityError)
  },
  'a constraint among many': (bank) => {
    const rows = [
      [-1, 0],
      [1, 1],
      [-1_000_000, 2],
    ]
    const many = bank.engine.executeMany('update account set balance = balance + ? where id = ?', rows)
    return expectRefusal(bank, 'many', many, IntegrityError)
  },
  'a transaction that the database ends': (bank) =>
    onConnection(bank, async (conn) => {
      const tx = await conn.begin()
      await bank.take(tx)
      await expectRefusal(bank, 'or rollback', tx.execute('insert or rollback into counter values (0, 0)'), IntegrityError)
      await expectRefusal(bank, 'a statement behind it', bank.take(tx), TransactionAbortedError)
      await expectRefusal(bank, 'a commit behind it', tx.commit(), TransactionAbortedError)
      await tx.rollback()
    }),
  'a full disk': (bank) =>
    onConnection(bank, async (conn) => {
      const pages = await conn.scalar<number>('pragma page_count')
      await conn.execute(`pragma max_page_count = ${pages}`)
      const tx = await conn.begin()
      await bank.take(tx)
      const large = tx.execute('insert into log (client, text) values (0, hex(zeroblob(4000000)))')
      await expectRefusal(bank, 'a large row', large, OperationalError)
      await tx.rollback()
    }),
  'a script that fails half-way': (bank) =>
    expectRefusal(
      bank,
      'a script',
      bank.engine.script(
        'begin immediate; update account set balance = balance + 1 where id = 3; insert into counter values (0, 0); commit',
      ),
      IntegrityError,
    ),
  'a function that fails': (bank) =>
    expectRefusal(
      bank,
      'a function',
      bank.engine.call(new URL('../faults/modules/transfer.ts', import.meta.url), 'transfer', 0, 1, 10_000_000),
      IntegrityError,
    ),
}

const leftOpen: Readonly<Record<string, Fault>> = {
  'a connection closed in a transaction': async (bank) => {
    const conn = await bank.engine.connect()
    const tx = await conn.begin()
    await bank.take(tx)
    const cursor = await conn.execute('select id from account')
    await conn.close()
    await expectRefusal(bank, 'a statement', conn.execute('select 1'), ResourceClosedError)
    await expectRefusal(bank, 'a commit', tx.commit(), ResourceClosedError, InvalidRequestError)
    await cursor.close()
  },
  'a connection that nobody may have again': (bank) =>
    onConnection(bank, async (conn) => {
      const tx = await conn.begin()
      await bank.take(tx)
      conn.invalidate('for no reason')
    }),
  'a connection left in every state': (bank) =>
    onConnection(bank, async (conn) => {
      await conn.script('create temp table mine (a); pragma query_only = 1')
      await conn.execute('begin')
      await conn.driver.exec('select 1')
    }),
}

const enginesOfOthers: Readonly<Record<string, Fault>> = {
  'another engine closed by force': async (bank) => {
    const other = openBankEngine(bank)
    const tx = await other.begin()
    await bank.take(tx)
    const running = expectRefusal(bank, 'a call of a closed engine', tx.scalar(longCall), WorkerTerminatedError, ResourceClosedError)
    await other.close({ force: true, timeoutMs: 50 })
    await running
  },
  'another engine closed at leisure': async (bank) => {
    const other = openBankEngine(bank)
    const tx = await other.begin()
    await bank.take(tx)
    await other.close()
    await tx.rollback()
  },
}

/** How often what costs nothing comes for each time that a thread has to be started anew, which takes a tenth of a second of a core. */
const cheapOnes = 4

/** Every fault, in the order in which they come. */
export const faults: readonly (readonly [name: string, fault: Fault])[] = [
  ...Array.from({ length: cheapOnes }, () => Object.entries({ ...givenUp, ...refusedByDatabase, ...leftOpen })).flat(),
  ...Object.entries({ ...outOfThreads, ...enginesOfOthers }),
]

/** What a fault may do to the work of others. */
export function isCollateral(error: unknown): boolean {
  const classes = [AbortError, StatementTimeoutError, WorkerTerminatedError, CommitOutcomeUnknownError]
  // An account may be too poor for a transfer.
  return classes.some((expected) => error instanceof expected) || error instanceof IntegrityError || isBusy(error)
}
