import type { DriverConnection } from './drivers/driver.ts'
import { importFunction } from './import-function.ts'
import { settled, type Task } from './task.ts'

/** Has the user's own module, if there is one, prepare a connection that is new, or as good as new. */
export function* setUp(connection: DriverConnection, module: string | undefined): Task<void> {
  if (module === undefined) return
  const prepare = yield* importFunction(module, 'default')
  yield* settled(Reflect.apply(prepare, undefined, [connection.handle]))
}
