import type Database from 'better-sqlite3'
import { type Item, idAt, selectItem } from '../item.ts'

/** Many statements whose results nobody else needs: what a worker function is for. Runs wherever the driver's handle is. */
export function sumPrices(database: Database.Database, count: number, rows: number): number {
  const select = database.prepare<[number], Item>(selectItem)
  let sum = 0
  for (let index = 0; index < count; index++) sum += select.get(idAt(index, rows))?.price ?? 0
  return sum
}
