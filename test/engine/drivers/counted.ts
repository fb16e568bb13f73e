import type { Driver, DriverStatement } from 'offloop/driver'
import { betterSqlite3Driver } from '../../../worker/drivers/better-sqlite3.ts'
import '../own-clock.mjs'

/** How often each way to the rows of a statement has been gone. */
export interface Ways {
  iterate: number
  few: number
  first: number
}

/** The driver of the package itself, whose handle counts how rows are asked for: the real one would make it look for columns anew. */
const driver: Driver = {
  ...betterSqlite3Driver,
  name: 'counted',
  open: async (options) => {
    const connection = await betterSqlite3Driver.open(options)
    const ways: Ways = { iterate: 0, few: 0, first: 0 }
    const prepare = connection.prepare.bind(connection)
    return Object.defineProperties(connection, {
      handle: { value: ways },
      prepare: { value: (...args: Parameters<typeof prepare>) => counted(prepare(...args) as DriverStatement, ways) },
    })
  },
}

export default driver

function counted(statement: DriverStatement, ways: Ways): DriverStatement {
  for (const way of ['iterate', 'few', 'first'] as const) {
    const run = statement[way]?.bind(statement) as ((...args: unknown[]) => unknown) | undefined
    const value = (...args: unknown[]): unknown => {
      ways[way]++
      return run?.(...args)
    }
    Object.defineProperty(statement, way, { value })
  }
  return statement
}

/** For `call()`. */
export function waysOf(ways: Ways): Ways {
  return { ...ways }
}
