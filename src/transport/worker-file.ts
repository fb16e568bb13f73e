import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { DriverLoadError } from '../errors.ts'

const remedy =
  'keep offloop out of the bundle (as an external package), or copy the file of import.meta.resolve("offloop/worker") to a place that the engine option "worker" names'

/**
 * The file that threads and processes run. In a bundle it is one file beside the code that asks for it: written as it is below, its place is
 * what webpack, Turbopack and the tracing of Next.js see, and copy it to. In the package it is the same in several files.
 *
 * @param named path of the engine option `worker`
 * @throws {DriverLoadError} the file is not there
 */
export function findWorkerFile(named: string | undefined): URL {
  if (named !== undefined) {
    if (existsSync(named)) return pathToFileURL(named)
    throw new DriverLoadError(
      `The engine option "worker" names a file that is not there: ${named}. It is to be the file of import.meta.resolve("offloop/worker"), or a copy of it.`,
    )
  }
  const place = besideThisCode()
  // A thread takes 7 ms longer to load the one file.
  const inPackage = place.replace('/src/chunks/offloop-worker.mjs', '/worker/entry.js')
  const found = [inPackage, place].find(isFile)
  if (found !== undefined) return new URL(found)
  throw new DriverLoadError(`The bundler has left behind the worker file of offloop, which is looked for at ${place}: ${remedy}.`)
}

function besideThisCode(): string {
  try {
    // Turbopack makes something else of this than a URL; its `href` is the path of a page.
    return new URL('./offloop-worker.mjs', import.meta.url).href
  } catch (error) {
    const message = `The bundler has left offloop without import.meta.url, beside which its worker file is looked for: ${remedy}.`
    throw new DriverLoadError(message, { cause: error })
  }
}

function isFile(place: string): boolean {
  return place.startsWith('file:') && existsSync(new URL(place))
}
