import type { Driver, DriverConnection, OpenOptions } from './driver.ts'
import { connect, type Pg } from './pg-connect.ts'
import { PgConnection } from './pg-connection.ts'
import { toWireError } from './pg-errors.ts'
import { DriverFault } from './sqlite-errors.ts'

let loaded: Pg | undefined

/** PostgreSQL by pg: its client connects and reads the messages, the statements are our own. */
export const pgDriver: Driver = {
  name: 'pg',
  dialect: 'postgresql',
  capabilities: {
    threadSafe: true,
    cancel: 'server',
    backup: false,
    columnOrigins: false,
    blockedByCursors: 'everything',
    freshBytes: true,
  },
  load: async () => {
    await load()
  },
  open,
  toWireError,
}

async function open({ server, readonly }: OpenOptions): Promise<DriverConnection> {
  const pg = await load()
  if (server === null) throw new DriverFault('argument', 'The driver pg connects to a server, and no server was given.')
  return new PgConnection(await connect(pg, server, readonly), readonly)
}

/** @throws {DriverFault} `driverLoad`: the package is missing */
async function load(): Promise<Pg> {
  if (loaded !== undefined) return loaded
  try {
    const { default: pg } = await import('pg')
    loaded = pg
    return pg
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n', 1)[0] : 'unknown reason'
    throw new DriverFault('driverLoad', `The driver pg could not be loaded: ${reason}. \`npm install pg\` installs it.`, { cause: error })
  }
}
