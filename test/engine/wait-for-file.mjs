// Adds a function that keeps a statement inside one native call until a file is there.
import { existsSync } from 'node:fs'

const cell = new Int32Array(new SharedArrayBuffer(4))

export default function setup(handle) {
  handle.function('wait_for_file', (path) => {
    while (!existsSync(path)) Atomics.wait(cell, 0, 0, 1)
    return 1
  })
}
