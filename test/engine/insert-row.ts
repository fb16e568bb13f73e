import type { Database } from 'better-sqlite3'

export function insertRow(handle: Database, x: number): void {
  handle.prepare('insert into t (x) values (?)').run(x)
}
