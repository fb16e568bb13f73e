import type * as piscina from 'piscina'
import { DriverLoadError } from '../errors.ts'

/**
 * Piscina, from the package's dependencies. It starts threads in a file of its own, which it looks for beside itself and a bundler loses:
 * it is not imported but required, in a way that no bundler follows.
 *
 * @throws {DriverLoadError} it is not installed
 */
export function loadPiscina(workerFile: URL): typeof piscina.Piscina {
  // Imported, webpack and Turbopack would know it, and put the package into the bundle or nothing in its place.
  const { createRequire } = process.getBuiltinModule('node:module')
  // In some bundles code does not know its place. The driver is found from where the worker file is, and so is Piscina.
  const own: string | undefined = import.meta.url
  const places = own === undefined ? [workerFile] : [workerFile, own]
  let cause: unknown
  for (const place of places) {
    try {
      return (createRequire(place)('piscina') as typeof piscina).Piscina
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error
      cause = error
    }
  }
  throw new DriverLoadError(
    `The package piscina, which offloop runs its threads with, is not installed where ${places.join(' or ')} would find it: npm install piscina, or keep offloop out of the bundle (as an external package).`,
    { cause },
  )
}
