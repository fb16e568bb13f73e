import { importModule } from './drivers/load-driver.ts'
import { HostError } from './host-error.ts'
import { settled, type Task } from './task.ts'

/**
 * A function of a user's module, for `call()` and `setup`.
 *
 * @throws {HostError} `argument`: the module cannot be loaded, or exports no such function
 */
export function* importFunction(url: string, name: string): Task<(...args: unknown[]) => unknown> {
  let module: Readonly<Record<string, unknown>>
  try {
    module = yield* settled(importModule(url))
  } catch (error) {
    const { message } = error as Error
    throw new HostError({ family: 'argument', message: `The module "${url}" could not be loaded in the worker: ${message}` })
  }
  const fn = Object.hasOwn(module, name) ? module[name] : undefined
  if (typeof fn !== 'function') {
    const names = Object.keys(module).join(', ') || 'nothing'
    throw new HostError({ family: 'argument', message: `The module "${url}" has no function "${name}"; it exports ${names}.` })
  }
  return fn as (...args: unknown[]) => unknown
}
