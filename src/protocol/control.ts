import type { WireError } from './wire-error.ts'

/** The answer to one use of the driver's handle over the control channel. */
export type ControlReply = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: WireError }

/** The shape that the worker exposes there. */
export interface ControlHandle {
  /** Reads a member (`args` is null), or calls it. */
  invoke(member: string, args: readonly unknown[] | null): Promise<ControlReply>
}
