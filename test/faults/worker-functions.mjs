/** Runs one statement on the driver's own handle. */
export function run(handle, sql) {
  handle.exec(sql)
}

/** Leaves an iterator of the driver's own open. */
export function peek(handle) {
  return handle.prepare('select 1 as a union all select 2').iterate().next().value.a
}
