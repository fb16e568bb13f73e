import { existsSync, writeFileSync } from 'node:fs'

/** Fails for the first connection to a database, works for every other. */
export default function setup(handle: { readonly name?: string; location?(): string }): void {
  const mark = `${handle.name ?? handle.location?.()}.mark`
  if (existsSync(mark)) return
  writeFileSync(mark, '')
  throw new Error('thrown for the first connection')
}
