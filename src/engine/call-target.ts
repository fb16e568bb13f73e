import { resolveModule } from './options.ts'

/** A function for the worker to run, and its arguments. */
export interface CallTarget {
  /** The URL of a module, or the name of a package. */
  readonly module: string
  readonly name: string
  readonly args: readonly unknown[]
}

/**
 * Takes the arguments of `call()` in, in the tick of the call: what cannot cross is refused here, and what changes later does not matter.
 *
 * @throws {ArgumentError} the module is neither a URL nor the name of a package
 * @throws {TypeError} the name is no string
 * @throws {DOMException} `DataCloneError`: an argument cannot leave this thread
 */
export function callTarget(module: URL | string, name: string, args: readonly unknown[]): CallTarget {
  const resolved = resolveModule(module, 'The module of call()')
  if (typeof name !== 'string') throw new TypeError('call() takes the name of an exported function.')
  const cloned: unknown[] = structuredClone([...args])
  return { module: resolved, name, args: cloned }
}
