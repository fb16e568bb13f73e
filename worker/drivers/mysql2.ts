import type { ServerSettings } from '../../src/protocol/server.ts'
import type { Driver, DriverConnection, OpenOptions } from './driver.ts'
import { Mysql2Channel } from './mysql2-channel.ts'
import { loadMysql2, type Mysql2, type NativeConnection, type NativeOptions } from './mysql2-client.ts'
import { Mysql2Connection } from './mysql2-connection.ts'
import { ConnectFailure, openToWireError } from './mysql2-errors.ts'
import { killQueryBy } from './mysql2-kill.ts'
import { toConnectPlan } from './mysql2-options.ts'
import { DriverFault } from './sqlite-errors.ts'

/** MySQL and MariaDB by mysql2. */
export const mysql2Driver: Driver = {
  name: 'mysql2',
  dialect: 'mysql',
  capabilities: {
    threadSafe: true,
    cancel: 'server',
    backup: false,
    columnOrigins: true,
    blockedByCursors: 'everything',
    freshBytes: true,
  },
  load: async () => {
    await loadMysql2()
  },
  open,
  toWireError: (error) => openToWireError(error, false),
}

async function open({ server, readonly }: OpenOptions): Promise<DriverConnection> {
  if (server === null) throw new DriverFault('argument', 'The driver mysql2 needs a server, and no file is one.')
  const mysql2 = await loadMysql2()
  const { native, serverVersion } = await connect(mysql2, server)
  const { statementTimeoutMs, database, connectTimeoutMs } = server
  const killQuery = killQueryBy(async () => (await connect(mysql2, { ...server, database: undefined })).native, connectTimeoutMs)
  const channel = new Mysql2Channel(native, killQuery, connectTimeoutMs)
  const mariadb = /mariadb/i.test(serverVersion)
  const connection = new Mysql2Connection(channel, { mariadb, statementTimeoutMs, database, pingTimeoutMs: connectTimeoutMs })
  try {
    await connection.begin(readonly)
    return connection
  } catch (error) {
    channel.destroy()
    throw error
  }
}

interface Connected {
  readonly native: NativeConnection
  readonly serverVersion: string
}

async function connect(mysql2: Mysql2, server: ServerSettings): Promise<Connected> {
  const { options, tls, tlsIsOptional } = toConnectPlan(server)
  if (tls === null) return connectOnce(mysql2, options)
  try {
    return await connectOnce(mysql2, { ...options, ssl: tls })
  } catch (error) {
    const cause: unknown = error instanceof ConnectFailure ? error.cause : error
    const hasNoTls = cause instanceof Error && 'code' in cause && cause.code === 'HANDSHAKE_NO_SSL_SUPPORT'
    if (!tlsIsOptional || !hasNoTls) throw error
    return connectOnce(mysql2, options)
  }
}

function connectOnce(mysql2: Mysql2, options: NativeOptions): Promise<Connected> {
  return new Promise((resolve, reject) => {
    const native = mysql2.createConnection(options)
    // An error that comes behind the first one would otherwise end the process.
    native.on('error', () => {})
    native.connect((error, handshake) => {
      if (error === null || error === undefined) {
        resolve({ native, serverVersion: handshake?.serverVersion ?? '' })
        return
      }
      native.stream.destroy()
      reject(new ConnectFailure(options.socketPath ?? `${options.host}:${options.port}`, error))
    })
  })
}
