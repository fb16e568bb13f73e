import type { AsyncConnection, AsyncEngine } from '../../engine/contract.ts'
import { IntegrityError } from '../../errors.ts'
import type { Executor } from '../../sql/executor.ts'
import { runTransaction } from './run-transaction.ts'

/**
 * Runs `work` in a transaction that holds the write lock, without foreign keys being enforced in it: they can be switched off before it
 * only. If it has changed any row they are checked at the end.
 *
 * @throws {IntegrityError} rows refer to others that are not there; nothing is stored
 */
export async function transactionWithoutForeignKeys(executor: Executor, work: (tx: Executor) => Promise<void>): Promise<void> {
  // A transaction that is open already is its owner's, and keeps the setting that it has begun with.
  if (!canConnect(executor)) return await runTransaction(executor, {}, work)
  const connection = await executor.connect()
  try {
    if ((await numberFrom(connection, 'pragma foreign_keys')) === 0) await runTransaction(connection, {}, work)
    else await switchedOff(connection, work)
  } finally {
    await connection.close()
  }
}

async function switchedOff(connection: AsyncConnection, work: (tx: Executor) => Promise<void>): Promise<void> {
  await connection.execute('pragma foreign_keys = off')
  try {
    await runTransaction(connection, {}, async (tx) => {
      const changesBefore = await numberFrom(tx, 'select total_changes()')
      await work(tx)
      if ((await numberFrom(tx, 'select total_changes()')) > changesBefore) await checkForeignKeys(tx)
    })
  } finally {
    // It may be a connection of the user's.
    if (!connection.closed) await connection.execute('pragma foreign_keys = on')
  }
}

async function checkForeignKeys(tx: Executor): Promise<void> {
  const tables = await tx.execute('select distinct "table" from pragma_foreign_key_check order by 1').scalars<string>()
  if (tables.length === 0) return
  throw new IntegrityError(
    `The migrations were rolled back: rows of ${tables.map((table) => `"${table}"`).join(', ')} would refer to rows that are not there.`,
    { table: tables[0] },
  )
}

function canConnect(executor: Executor): executor is AsyncEngine | AsyncConnection {
  return 'connect' in executor
}

/** Whatever the engine reads integers as. */
async function numberFrom(executor: Executor, sql: string): Promise<number> {
  return Number(await executor.scalar(sql))
}
