import type { ServerEvent } from '../../src/protocol/server.ts'
import type { WireError } from '../../src/protocol/wire-error.ts'
import type { DriverConnection, DriverStatement, MaybePromise } from './driver.ts'
import { toWireError } from './pg-errors.ts'
import { PingExchange, ScriptExchange } from './pg-exchange.ts'
import type { PgSession } from './pg-session.ts'
import { assertCommitted, prepareStatement } from './pg-statement.ts'
import { readStatement } from './pg-text.ts'
import { DriverFault } from './sqlite-errors.ts'

export class PgConnection implements DriverConnection {
  readonly #session: PgSession
  /** As the session was opened, and as it is after every DISCARD ALL. */
  readonly #openedReadonly: boolean

  constructor(session: PgSession, readonly: boolean) {
    this.#session = session
    this.#openedReadonly = readonly
  }

  /** pg's `Client`. */
  get handle(): object {
    return this.#session.client
  }

  get inTransaction(): boolean {
    return this.#session.inTransaction
  }

  prepare(sql: string): MaybePromise<DriverStatement> {
    return prepareStatement(this.#session, sql)
  }

  async script(sql: string): Promise<void> {
    if (sql.includes('\0')) throw new DriverFault('programming', 'A script cannot hold a NUL character.')
    const hadFailed = this.#session.inFailedTransaction
    const { tag } = await this.#session.run(new ScriptExchange(sql))
    if (hadFailed) assertCommitted(readStatement(sql).verb, tag)
  }

  lastRowid(): bigint {
    return 0n
  }

  cancel(): Promise<void> {
    return this.#session.cancel()
  }

  async reset(readonly: boolean): Promise<void> {
    if (this.#session.inTransaction) await this.script('ROLLBACK')
    // Alone: it runs in no transaction, and several statements of one script are one.
    await this.script('DISCARD ALL')
    this.#session.forgetStatements()
    if (readonly !== this.#openedReadonly) await this.script(`SET default_transaction_read_only = ${readonly ? 'on' : 'off'}`)
  }

  async ping(): Promise<void> {
    await this.#session.run(new PingExchange())
  }

  onLost(listener: (error: unknown) => void): void {
    this.#session.onLost(listener)
  }

  onEvent(listener: (event: ServerEvent) => void): void {
    const { client } = this.#session
    client.on('notification', ({ channel, payload = '', processId }) => listener({ kind: 'notification', channel, payload, processId }))
    client.on('notice', ({ severity = 'NOTICE', message = '', code }) => listener({ kind: 'notice', severity, message, driverCode: code }))
  }

  unref(): void {
    this.#session.client.unref()
  }

  destroy(): void {
    this.#session.destroy()
  }

  close(): Promise<void> {
    return this.#session.close()
  }

  toWireError(error: unknown): WireError {
    return toWireError(this.#session.explain(error))
  }
}
