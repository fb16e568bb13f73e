import type { Mysql2Channel } from './mysql2-channel.ts'
import { CloseExchange, PrepareExchange } from './mysql2-exchange.ts'

/** Prepares a statement. What was prepared for nothing, as it is cancelled, is freed. */
export async function prepare(channel: Mysql2Channel, sql: string): Promise<PrepareExchange> {
  const exchange = new PrepareExchange(sql)
  try {
    return await channel.performBefore(exchange)
  } catch (error) {
    if (exchange.statementId !== 0) closer(channel, exchange.statementId)()
    throw error
  }
}

/** Frees the statement once, in the session that it belongs to. It holds on to no statement: it is called when that is gone. */
export function closer(channel: Mysql2Channel, statementId: number | null): () => void {
  const { session } = channel
  let closed = statementId === null
  return () => {
    if (closed || channel.session !== session || !channel.isOpen) return
    closed = true
    channel.native.addCommand(new CloseExchange(statementId as number))
  }
}
