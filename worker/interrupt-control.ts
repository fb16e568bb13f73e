import { interruptRequest } from '../src/protocol/interrupt-cell.ts'

/** What is needed of better-sqlite3's handle. */
interface Handle {
  loadExtension(path: string, entryPoint: string): unknown
  prepare(sql: string): { get(token: number): unknown }
}

/** Makes a private connection one that can interrupt others. */
export function loadInterrupt(handle: Handle, extension: string): void {
  handle.loadExtension(extension, 'sqlite3_offloopcontrol_init')
}

/** Interrupts the connection behind the token if it is inside this request; false when it is not. */
export function interrupt(handle: Handle, cells: Int32Array, requestId: number, token: number): boolean {
  return interruptRequest(cells, requestId, () => {
    handle.prepare('select offloop_interrupt(?)').get(token)
  })
}
