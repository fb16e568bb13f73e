// Functions that tests run inside a worker, on the driver's own handle.
import { threadId } from 'node:worker_threads'

export function thread() {
  return threadId
}

/** The thread ends as it would by a fault of its own. */
export function exit() {
  process.exit(7)
}

/** Holds the thread until `flag` is 1; the native way of a statement that takes long. */
export function waitFor(_handle, flag) {
  Atomics.wait(flag, 0, 0)
}

/** Tells through `flag` that it has begun, then holds the thread until `flag[1]` is 1. */
export function announceAndWait(_handle, flag) {
  Atomics.store(flag, 0, 1)
  Atomics.notify(flag, 0)
  Atomics.wait(flag, 1, 0)
}

export function exec(handle, text) {
  handle.exec(text)
}

export function all(handle, text) {
  return handle.prepare(text).all()
}

const pragmas = [
  ...['foreign_keys', 'cache_size', 'query_only', 'recursive_triggers', 'busy_timeout', 'synchronous', 'temp_store'],
  ...['defer_foreign_keys', 'ignore_check_constraints', 'reverse_unordered_selects', 'automatic_index'],
]

/** All of a connection's state that does not belong to the file. */
export function connectionState(handle) {
  const all = (text) => handle.prepare(text).all()
  return {
    inTransaction: handle.inTransaction ?? handle.isTransaction,
    temporary: all('select type, name from temp.sqlite_schema').map(({ type, name }) => `${type} ${name}`),
    databases: all('pragma database_list')
      .map(({ name }) => name)
      .filter((name) => name !== 'temp'),
    pragmas: pragmas.map((name) => `${name} ${Object.values(handle.prepare(`pragma ${name}`).get() ?? {})[0]}`),
    capitals: Object.values(handle.prepare(`select 'a' like 'A'`).get())[0],
    functions: all(`select name from pragma_function_list where name like 'borrowed%'`).map(({ name }) => name),
  }
}

export function registerFunction(handle) {
  handle.function('borrowed', () => 1)
}

/** Adds a function of SQL that tells through `cell` which number it was called with. */
export function announceIn(handle, cell) {
  handle.function('announce', (number) => {
    Atomics.store(cell, 0, number)
    return number
  })
}
