// Files beside the database say what becomes of each new connection, as long as they are there: `.refuse` refuses all of them, `.refuse-readers`
// those that only read, `.refuse-others` all but one, and `.hold` keeps those that are not refused opening.
import { existsSync, mkdirSync } from 'node:fs'
import addWaitForFile from './wait-for-file.mjs'

const cell = new Int32Array(new SharedArrayBuffer(4))

export default function setup(handle) {
  const says = (name) => existsSync(`${handle.name}.${name}`)
  if (says('refuse-others')) takeOnlyPlace(`${handle.name}.taken`)
  while (says('hold')) Atomics.wait(cell, 0, 0, 1)
  if (says('refuse') || (says('refuse-readers') && handle.readonly)) throw new Error('refused')
  addWaitForFile(handle)
}

function takeOnlyPlace(directory) {
  try {
    mkdirSync(directory)
  } catch {
    throw new Error('refused')
  }
}
