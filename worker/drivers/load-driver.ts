import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { WireError } from '../../src/protocol/wire-error.ts'
import { betterSqlite3Driver } from './better-sqlite3.ts'
import type { Driver } from './driver.ts'
import { DriverFault, faultToWireError, loadFault, userErrorToWire } from './sqlite-errors.ts'

/**
 * Imports the driver of a connection; nothing of the others is loaded.
 *
 * @param name `better-sqlite3`, `node`, `pg`, or for a third party's driver a module's URL or package name
 * @throws {DriverFault} `driverLoad`: there is no such module, or its default export is not a `Driver`
 */
export async function loadDriver(name: string): Promise<Driver> {
  // Of the driver that most have: the package behind it is imported when it is first needed.
  if (name === 'better-sqlite3') return betterSqlite3Driver
  const own = ownDrivers.get(name)
  if (own === undefined) return await loadForeignDriver(name)
  try {
    return await own()
  } catch (error) {
    throw loadFault(name, error)
  }
}

const ownDrivers: ReadonlyMap<string, () => Promise<Driver>> = new Map([
  ['node', async () => (await import('./node-sqlite.ts')).nodeSqliteDriver],
  ['pg', async () => (await import('./pg.ts')).pgDriver],
  ['mysql2', async () => (await import('./mysql2.ts')).mysql2Driver],
])

/** Turns what `loadDriver` threw into plain data. */
export function loadErrorToWire(error: unknown): WireError {
  return error instanceof DriverFault ? faultToWireError(error) : userErrorToWire(error)
}

async function loadForeignDriver(name: string): Promise<Driver> {
  let module: Readonly<Record<string, unknown>>
  try {
    module = await importModule(name)
  } catch (error) {
    throw loadFault(name, error)
  }
  const missing = missingPart(module['default'])
  if (missing !== undefined) throw new DriverFault('driverLoad', `The default export of the driver ${name} is not a Driver: ${missing}.`)
  // Every part has just been looked at.
  return module['default'] as Driver
}

/** A package is looked for where offloop is installed, then from the working directory: a strict package manager shows it only there. */
export async function importModule(name: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(name)
  } catch (error) {
    if (URL.canParse(name) || !(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error
    let file: string
    try {
      file = createRequire(join(process.cwd(), 'index.js')).resolve(name)
    } catch {
      throw error
    }
    return await import(pathToFileURL(file).href)
  }
}

function missingPart(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'it is no object'
  const driver = value as Partial<Record<keyof Driver, unknown>>
  if (typeof driver.name !== 'string') return 'it has no name'
  if (driver.dialect !== 'sqlite' && driver.dialect !== 'postgresql' && driver.dialect !== 'mysql') {
    return "its dialect is none of 'sqlite', 'postgresql', 'mysql'"
  }
  if (typeof driver.capabilities !== 'object' || driver.capabilities === null) return 'it has no capabilities'
  for (const method of ['open', 'toWireError'] as const) {
    if (typeof driver[method] !== 'function') return `it has no method ${method}`
  }
  return undefined
}
