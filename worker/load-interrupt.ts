import type { Driver, DriverConnection } from './drivers/driver.ts'
import { HostError } from './host-error.ts'
import { settled, type Task } from './task.ts'

/**
 * The token by which another thread can stop a statement of this connection; null where nobody has asked for that.
 *
 * @param extension path of the extension
 * @throws {HostError} `notSupported` for a driver that loads none, `driverLoad` for an extension that cannot be loaded
 */
export function* loadInterrupt(driver: Driver, connection: DriverConnection, extension: string | undefined): Task<number | null> {
  if (extension === undefined) return null
  if (connection.interruptToken === undefined) {
    throw new HostError({ family: 'notSupported', message: `The driver ${driver.name} cannot load the interrupt extension.` })
  }
  try {
    return yield* settled(connection.interruptToken(extension))
  } catch (error) {
    throw new HostError({
      family: 'driverLoad',
      message: `The interrupt extension "${extension}" could not be loaded: ${(error as Error).message}. \`offloop build-interrupt\` builds it for this machine.`,
    })
  }
}
