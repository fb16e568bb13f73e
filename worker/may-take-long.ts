import { RequestKind } from '../src/protocol/frames.ts'

const kinds: ReadonlySet<number> = new Set([
  RequestKind.executeMany,
  RequestKind.script,
  RequestKind.call,
  RequestKind.backup,
  RequestKind.credit,
  RequestKind.reset,
])

/** Whether what is finished is not to wait for a request of this kind. Of statements, each is known by itself. */
export function mayTakeLong(kind: number): boolean {
  return kind !== RequestKind.execute && kinds.has(kind)
}
