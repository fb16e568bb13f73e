/** Runs one statement on the driver's own handle. */
export function run(handle, sql) {
  handle.exec(sql)
}
