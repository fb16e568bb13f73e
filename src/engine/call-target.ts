import { serialize } from 'node:v8'
import { type ResolvedEngineOptions, resolveModule } from './options.ts'

/** A function for the worker to run, and its arguments. */
export interface CallTarget {
  /** The URL of a module, or the name of a package. */
  readonly module: string
  readonly name: string
  readonly args: readonly unknown[]
}

/** Where a connection's driver runs. */
type Isolation = ResolvedEngineOptions['isolation']

/**
 * Takes the arguments of `call()` in, in the tick of the call: what cannot cross is refused here, and what changes later does not matter.
 *
 * @throws {ArgumentError} the module is neither a URL nor the name of a package
 * @throws {TypeError} the name is no string
 * @throws {DOMException} `DataCloneError`: an argument cannot leave this thread, or process; the message has its position
 */
export function callTarget(isolation: Isolation, module: URL | string, name: string, args: readonly unknown[]): CallTarget {
  const resolved = resolveModule(module, 'The module of call()')
  if (typeof name !== 'string') throw new TypeError('call() takes the name of an exported function.')
  return { module: resolved, name, args: cloneArguments(isolation, args, 'call()', 3) }
}

/**
 * Copies what is about to cross to another thread or process.
 *
 * @param callee what is called, for the message
 * @param first the position of the first argument, counted from 1
 * @throws {DOMException} `DataCloneError`: an argument cannot be cloned; the message has its position
 * @throws {RangeError} an argument is nested too deep
 */
export function cloneArguments(isolation: Isolation, args: readonly unknown[], callee: string, first = 1): readonly unknown[] {
  try {
    return copyFor(isolation, [...args]) as unknown[]
  } catch (error) {
    if (isStackOverflow(error))
      throw new RangeError(`An argument of ${callee} is nested too deep to be handed over to another ${isolation}.`)
    // Anything else comes from a getter of the caller's own.
    if (!isCloneError(error)) throw error
    const position = args.findIndex((arg) => !canCross(isolation, arg)) + first
    // Not kept as cause: Node's words repeat the value, a symbol's description or a function's source.
    throw new DOMException(
      `Argument ${position} of ${callee} cannot be cloned: it is or holds a function, a symbol or what belongs to its ${isolation}. Pass plain data.`,
      'DataCloneError',
    )
  }
}

function copyFor(isolation: Isolation, value: unknown): unknown {
  const copy = structuredClone(value)
  if (isolation === 'process') assertLeavesProcess(copy)
  return copy
}

/** Of what has been cloned: memory that is shared stays here. */
function assertLeavesProcess(copy: unknown): void {
  try {
    serialize(copy)
  } catch (error) {
    if (isStackOverflow(error)) throw error
    throw new DOMException('It cannot leave this process.', 'DataCloneError')
  }
}

function canCross(isolation: Isolation, value: unknown): boolean {
  try {
    copyFor(isolation, value)
    return true
  } catch (error) {
    return !isCloneError(error)
  }
}

function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message === 'Maximum call stack size exceeded'
}

function isCloneError(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'DataCloneError'
}
