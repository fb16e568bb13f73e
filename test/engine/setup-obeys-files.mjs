// Files beside the database say what becomes of each new connection, as long as they are there: `.refuse` refuses all of them, `.refuse-readers`
// those that only read, `.refuse-others` all but one; `.hold` keeps those that are not refused opening, and `.hold-one` the next one.
import { existsSync, mkdirSync } from 'node:fs'
import addWaitForFile from './wait-for-file.mjs'

const cell = new Int32Array(new SharedArrayBuffer(4))

export default function setup(handle) {
  const says = (name) => existsSync(`${handle.name}.${name}`)
  if (says('refuse-others') && !takeOnlyPlace(`${handle.name}.taken`)) throw new Error('refused')
  const isOne = says('hold-one') && takeOnlyPlace(`${handle.name}.held`)
  while (says('hold') || (isOne && says('hold-one'))) Atomics.wait(cell, 0, 0, 1)
  if (says('refuse') || (says('refuse-readers') && handle.readonly)) throw new Error('refused')
  addWaitForFile(handle)
}

/** Whether nobody has taken it before. */
function takeOnlyPlace(directory) {
  try {
    mkdirSync(directory)
    return true
  } catch {
    return false
  }
}
