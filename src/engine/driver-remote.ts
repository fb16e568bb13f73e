import type { DriverRemote, RemoteMember } from './contract.ts'

/** Reads a member of the driver's handle (`args` is null), or calls it. */
export type InvokeMember = (member: string, args: readonly unknown[] | null) => Promise<unknown>

/** The driver's handle from afar: whatever member is named is asked for in the worker. */
export function driverRemote(invoke: InvokeMember): DriverRemote {
  return new Proxy(Object.create(null) as DriverRemote, {
    get(_target, member) {
      // Every other name is answered, so this one must not be: a remote that is awaited is itself, and no promise.
      if (typeof member === 'symbol' || member === 'then') return undefined
      return remoteMember(member, invoke)
    },
  })
}

function remoteMember(member: string, invoke: InvokeMember): RemoteMember {
  const call = (...args: unknown[]): Promise<unknown> => invoke(member, args)
  const then: PromiseLike<unknown>['then'] = (onfulfilled, onrejected) => invoke(member, null).then(onfulfilled, onrejected)
  return Object.assign(call, { then })
}
