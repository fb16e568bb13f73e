import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc: (options?: { readonly type: 'minor' }) => void = runInNewContext('gc')

/** Clears away what came before a measurement: the data set leaves enough behind to stop the loop for 30 ms in whatever comes after it. */
export function collectGarbage(): void {
  gc()
}

/** Only what has been made lately, which leaves the heap as it is. */
export function collectYoungGarbage(): void {
  gc({ type: 'minor' })
}
