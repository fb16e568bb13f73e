// Files beside the database say what becomes of each new connection, as long as they are there: `.hold` keeps it opening, `.refuse` refuses it.
import { existsSync } from 'node:fs'

const cell = new Int32Array(new SharedArrayBuffer(4))

export default function setup(handle) {
  while (existsSync(`${handle.name}.hold`)) Atomics.wait(cell, 0, 0, 1)
  if (existsSync(`${handle.name}.refuse`)) throw new Error('refused')
}
