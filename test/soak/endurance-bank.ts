import { type AsyncEngine, createEngine, type Executor } from 'offloop'
import { Random } from './random.ts'
import { urlOf } from './scratch.ts'

// Accounts between which money moves in every way there is. Whatever fails, and whoever looks when: the total is the same.

export const accounts = 40
export const total = accounts * 1_000
/** Each writes to a counter of its own, whose value is between what was acknowledged and what was tried. */
export const clients = 8

const maxLogRows = 2_000
const module = new URL('../faults/modules/transfer.ts', import.meta.url)

const schema = `
  create table account (id integer primary key, balance integer not null check (balance >= 0), filler text not null);
  create table counter (client integer primary key, n integer not null);
  create table log (id integer primary key, client integer not null, text text not null);
  create table uniques (x text primary key);
`

/** How one piece of work may be given up by somebody else. */
export interface Giving {
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

export class Bank {
  readonly engine: AsyncEngine
  readonly driver: string
  readonly file: string
  readonly random: Random
  readonly violations: string[]
  /** Work that somebody may give up. */
  readonly aborts = new Set<AbortController>()
  readonly acknowledged = new Array<number>(clients).fill(0)
  readonly tried = new Array<number>(clients).fill(0)
  /** Calls that have begun and have not ended. */
  pending = 0

  private constructor(engine: AsyncEngine, place: Place, seed: number) {
    this.engine = engine
    this.violations = place.violations
    this.driver = place.driver
    this.file = place.file
    this.random = new Random(seed)
  }

  static async open(driver: string, file: string, seed: number): Promise<Bank> {
    const place = { driver, file, violations: [] }
    const engine = openBankEngine(place)
    await engine.script(schema)
    const filler = 'filler '.repeat(20)
    await engine.executeMany(
      'insert into account values (?, ?, ?)',
      Array.from({ length: accounts }, (_, id) => [id, total / accounts, filler]),
    )
    await engine.executeMany(
      'insert into counter values (?, 0)',
      Array.from({ length: clients }, (_, client) => [client]),
    )
    return new Bank(engine, place, seed)
  }

  /** Two accounts and an amount. */
  pickTransfer(): readonly [from: number, to: number, amount: number] {
    const from = this.random.below(accounts)
    return [from, (from + 1 + this.random.below(accounts - 1)) % accounts, 1 + this.random.below(60)]
  }

  async move(via: Executor, giving: Giving = {}): Promise<void> {
    const [from, to, amount] = this.pickTransfer()
    const balance = await via.scalar<number>('select balance from account where id = ?', [from], giving)
    await via.execute('update account set balance = ? where id = ?', [Number(balance) - amount, from], giving)
    await via.execute('update account set balance = balance + ? where id = ?', [amount, to], giving)
  }

  /** Takes money from an account and gives it to nobody: for what is not to be committed. */
  async take(via: Executor): Promise<void> {
    const [from] = this.pickTransfer()
    await via.execute('update account set balance = balance + 1 where id = ?', [from])
  }

  expectTotal(found: unknown, where: string): void {
    if (found !== total) this.violations.push(`${where}: the total is ${found}`)
  }

  /** Counts a call as pending until it has settled. */
  async track<T>(call: PromiseLike<T>): Promise<T> {
    this.pending++
    try {
      return await call
    } finally {
      this.pending--
    }
  }
}

interface Place {
  readonly driver: string
  readonly file: string
  readonly violations: string[]
}

/** Threads have little memory, so that one can run out of it soon, and their SQL can end them. There is nothing to warn of. */
export function openBankEngine({ driver, file, violations }: Place): AsyncEngine {
  const warn = (...data: unknown[]): void => void violations.push(`a warning: ${data.join(' ')}`)
  return createEngine(urlOf(driver, file), {
    setup: module,
    readers: 2,
    pool: { max: 12, idleTimeoutMs: 2_000 },
    resourceLimits: { maxOldGenerationSizeMb: 32 },
    logger: { debug() {}, info() {}, warn, error: warn },
  })
}

type Work = (bank: Bank, giving: Giving, client: number) => Promise<unknown>

const streamAll = 'select balance, filler from account order by id'

export const works: Readonly<Record<string, Work>> = {
  'the total': async (bank, giving) => bank.expectTotal(await bank.engine.scalar('select sum(balance) from account', [], giving), 'a read'),
  'the total in a read-only transaction': async (bank) => {
    await bank.engine.transaction(
      async (tx) => {
        bank.expectTotal(await tx.scalar('select sum(balance) from account'), 'a read-only transaction')
        bank.expectTotal(await tx.scalar('select sum(balance) from account'), 'a second read in it')
      },
      { readonly: true },
    )
  },
  'a transfer': (bank, { signal }) => bank.engine.transaction((tx) => bank.move(tx), { signal }),
  'a transfer step by step': async (bank, giving) => {
    await using tx = await bank.engine.begin({ signal: giving.signal })
    await bank.move(tx, giving)
    await tx.commit()
  },
  'a transfer that is rolled back': async (bank) => {
    await using tx = await bank.engine.begin()
    await bank.move(tx)
    await bank.take(tx)
    await tx.rollback()
  },
  'a transfer in a savepoint': async (bank) => {
    await using conn = await bank.engine.connect()
    await conn.transaction(async (tx) => {
      const nested = await tx.beginNested()
      await bank.take(nested)
      await nested.rollback()
      await tx.transaction((inner) => bank.move(inner))
    })
  },
  'a transfer of many': async (bank) => {
    const [from, to, amount] = bank.pickTransfer()
    const rows = [
      [-amount, from],
      [amount, to],
    ]
    await bank.engine.executeMany('update account set balance = balance + ? where id = ?', rows)
  },
  'a transfer by script': async (bank) => {
    const [from, to, amount] = bank.pickTransfer()
    const move = (account: number, by: number): string => `update account set balance = balance + ${by} where id = ${account};`
    await bank.engine.script(`begin immediate; ${move(from, -amount)} ${move(to, amount)} commit`)
  },
  'a transfer by a function': (bank) => bank.engine.call(module, 'transfer', ...bank.pickTransfer()),
  'a stream to its end': async (bank, { signal }) => {
    let sum = 0
    for await (const row of bank.engine.stream<{ balance: number }>(streamAll, [], { signal, batchRows: 7 })) sum += row.balance
    bank.expectTotal(sum, 'a stream')
  },
  'a stream that is left': async (bank) => {
    for await (const _ of bank.engine.stream(streamAll, [], { batchRows: 3 })) if (bank.random.below(5) === 0) break
  },
  'a cursor beside writes': async (bank) => {
    await using conn = await bank.engine.connect()
    const result = await conn.execute<{ balance: number }>(streamAll)
    const [first] = await result.fetchmany(1)
    await conn.transaction((tx) => bank.move(tx))
    const rest = await result.fetchall()
    bank.expectTotal(
      [first, ...rest].reduce((sum, row) => sum + (row?.balance ?? 0), 0),
      'a cursor',
    )
  },
  'a count': async (bank, giving, client) => {
    bank.tried[client] = (bank.tried[client] ?? 0) + 1
    await bank.engine.execute('update counter set n = n + 1 where client = ?', [client], giving)
    bank.acknowledged[client] = (bank.acknowledged[client] ?? 0) + 1
  },
  'a log': async (bank, _, client) => {
    await bank.engine.execute('insert into log (client, text) values (?, ?)', [client, 'x'.repeat(bank.random.below(500))])
    await bank.engine.execute('delete from log where id <= (select max(id) from log) - ?', [maxLogRows])
  },
  'many logs': (bank, _, client) =>
    bank.engine.executeMany(
      'insert into log (client, text) values (:client, :text)',
      Array.from({ length: 50 }, (__, row) => ({ client, text: `row ${row}` })),
    ),
}
