import { existsSync } from 'node:fs'

/** The thread exits as soon as its connection is open, while a file says so. */
export default function setup(handle: { readonly name?: string; location?(): string }): void {
  if (existsSync(`${handle.name ?? handle.location?.()}.exit`)) setImmediate(() => process.exit(3))
}
