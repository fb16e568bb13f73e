import { getHeapStatistics } from 'node:v8'

/** Runs one statement on the driver's own handle. */
export function run(handle, sql) {
  handle.exec(sql)
}

/** Leaves an iterator of the driver's own open. */
export function peek(handle) {
  return handle.prepare('select 1 as a union all select 2').iterate().next().value.a
}

/** A value inside another one, so many times. */
export function nest(_handle, levels) {
  let value = []
  for (let level = 1; level < levels; level++) value = [value]
  return value
}

/** How many times a value is nested. */
export function count(_handle, value) {
  let levels = 0
  for (let inner = value; Array.isArray(inner); inner = inner[0]) levels++
  return levels
}

/** Gives the handle a method whose result is nested so many times. */
export function offer(handle, levels) {
  handle.deep = () => nest(handle, levels)
}

/** What it is given. */
export function same(_handle, value) {
  return value
}

/** What another process cannot be given. */
export function giveSharedMemory() {
  return new SharedArrayBuffer(4)
}

/** What no other thread or process can be given. */
export function giveFunction() {
  return () => 1
}

/** How large the heap can become. */
export function heapLimitBytes() {
  return getHeapStatistics().heap_size_limit
}
