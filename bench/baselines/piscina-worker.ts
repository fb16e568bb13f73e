import { workerData } from 'node:worker_threads'
import type { Item } from '../item.ts'
import { DirectDatabase } from './direct.ts'
import type { PiscinaTask } from './piscina.ts'

const database = new DirectDatabase(workerData.file, workerData.options)

export default function runStatement(task: PiscinaTask): Item | readonly Item[] | undefined {
  if (task.kind === 'get') return database.get(task.id)
  if (task.kind === 'all') return database.all()
  if (task.kind === 'insert') database.insert(task.values)
  else database.exec(task.sql)
  return undefined
}
