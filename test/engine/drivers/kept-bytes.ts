import type { Driver, DriverCapabilities, DriverRow, DriverStatement } from 'offloop/driver'

// The driver of the package itself, from behind: what is tested is a driver that keeps what it gives away.
import { betterSqlite3Driver } from '../../../worker/drivers/better-sqlite3.ts'

const { freshBytes: _, ...capabilities }: DriverCapabilities = betterSqlite3Driver.capabilities
const kept = new Map<number, Uint8Array>()

/** A driver of a third party whose bytes of one length are always the same object. */
const driver: Driver = {
  ...betterSqlite3Driver,
  name: 'kept-bytes',
  capabilities,
  open: async (options) => {
    const connection = await betterSqlite3Driver.open(options)
    const prepare = connection.prepare.bind(connection)
    const value = (...args: Parameters<typeof prepare>) => keeping(prepare(...args) as DriverStatement)
    return Object.defineProperty(connection, 'prepare', { value })
  },
}

export default driver

function keeping(statement: DriverStatement): DriverStatement {
  const iterate = statement.iterate.bind(statement)
  const value = (...args: Parameters<typeof iterate>) => {
    const rows = iterate(...args)
    const next = () => {
      const step = rows.next() as { readonly done?: boolean; readonly value: DriverRow | undefined }
      return { ...step, value: step.value?.map(keep) }
    }
    return { next, return: () => rows.return() }
  }
  const absent = { value: undefined }
  return Object.defineProperties(statement, { iterate: { value }, push: absent, few: absent, first: absent })
}

function keep<T>(cell: T): T | Uint8Array {
  if (!(cell instanceof Uint8Array)) return cell
  const known = kept.get(cell.byteLength) ?? cell
  kept.set(cell.byteLength, known)
  return known
}
