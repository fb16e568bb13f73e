import type { Executor } from '../sql/executor.ts'
import { describeValue } from '../sql/parameters.ts'

/** What is read and written through: an engine, a connection, a transaction, or a Session of `offloop/orm`. */
export type DataPlace = Executor | { readonly executor: () => Promise<Executor> }

/** What has been put in or out. */
export interface DataResult {
  /** Of all tables. */
  readonly rowcount: number
  /** Of each table, by its name. */
  readonly tables: { readonly [name: string]: number }
}

/** @throws {TypeError} it is nothing that statements can be run through */
export async function executorOf(place: DataPlace): Promise<Executor> {
  if (typeof place === 'object' && place !== null) {
    if ('execute' in place && typeof place.execute === 'function') return place
    if ('executor' in place && typeof place.executor === 'function') return await place.executor()
  }
  throw new TypeError(`Expected an engine, a connection, a transaction or a session, found ${describeValue(place)}.`)
}
