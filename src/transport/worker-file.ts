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
  let file: URL
  try {
    file = new URL('./offloop-worker.mjs', import.meta.url)
  } catch (error) {
    throw new DriverLoadError(`The bundler has left offloop without import.meta.url, beside which its worker file is: ${remedy}.`, {
      cause: error,
    })
  }
  const inPackage = new URL(file.href.replace('/src/chunks/offloop-worker.mjs', '/worker/entry.js'))
  if (isFile(inPackage)) return inPackage
  if (isFile(file)) return file
  throw new DriverLoadError(`The bundler has left behind the worker file of offloop, which is looked for at ${file.href}: ${remedy}.`)
}

function isFile(url: URL): boolean {
  return url.protocol === 'file:' && existsSync(url)
}
