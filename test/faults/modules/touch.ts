import { writeFileSync } from 'node:fs'

/** SQL can tell another process where it is: `touch(path)` makes an empty file and gives 1. */
export default function setup(handle: { function(name: string, implementation: (path: string) => number): unknown }): void {
  handle.function('touch', (path) => {
    writeFileSync(path, '')
    return 1
  })
}
