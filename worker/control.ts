import type { MessagePort } from 'node:worker_threads'
import type { ControlHandle } from '../src/protocol/control.ts'
import type { DriverConnection } from './drivers/driver.ts'
import { userErrorToWire } from './host-error.ts'
import { describeUncloneable } from './uncloneable.ts'

/** What a use of the driver's own object, which may do anything, needs of the connection before and after. */
export interface HandleUse {
  prepare(): Promise<void>
  /** Throws when what was done cannot be acknowledged. */
  check(): void
}

/**
 * Serves the driver's own object on the control channel. Errors are answered as data: Comlink's own way of throwing loses class and code.
 */
export function exposeHandle(port: MessagePort, connection: () => DriverConnection, use: HandleUse): void {
  const exposed: ControlHandle = {
    async invoke(member, args) {
      try {
        await use.prepare()
        const value = await invokeMember(connection().handle, member, args)
        use.check()
        return { ok: true, value }
      } catch (error) {
        return { ok: false, error: userErrorToWire(error, connection()) }
      }
    },
  }
  // Few connections are ever asked for it. What is sent before it listens waits in the port.
  void import('comlink').then(({ expose }) => {
    expose(exposed, port)
    // The channel is the lease's guest: alone it keeps no thread busy.
    port.unref()
  })
}

function invokeMember(handle: object, member: string, args: readonly unknown[] | null): unknown {
  const value: unknown = Reflect.get(handle, member)
  if (value === undefined) throw new TypeError(`The driver's handle has no member "${member}".`)
  if (args === null) return assertPlain(value, member)
  if (typeof value !== 'function') throw new TypeError(`"${member}" of the driver's handle is no method: await it without calling it.`)
  const result: unknown = Reflect.apply(value, handle, args)
  // Methods that return the handle for chaining have nothing to say.
  return result === handle ? undefined : assertPlain(result, member)
}

function assertPlain(value: unknown, member: string): unknown {
  const refuse = (cause?: unknown): never => {
    const found = describeUncloneable(value)
    throw new TypeError(`"${member}" gave ${found}, which cannot leave its thread. Use call() to work with it inside the worker.`, {
      cause,
    })
  }
  let clone: unknown
  try {
    clone = structuredClone(value)
  } catch (error) {
    refuse(error)
  }
  // An object of a class would arrive as an empty one: better-sqlite3's statement can be cloned, and is nothing without its methods.
  if (!(value instanceof Uint8Array) && prototypeOf(clone) !== prototypeOf(value)) refuse()
  return value
}

function prototypeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : null
}
