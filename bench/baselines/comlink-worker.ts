import { parentPort, workerData } from 'node:worker_threads'
import { expose } from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import type { Item, ItemValues } from '../item.ts'
import { DirectDatabase } from './direct.ts'

const database = new DirectDatabase(workerData.file, workerData.options)

/** What comlink makes callable from the other thread. */
const remote = {
  get: (id: number): Item | undefined => database.get(id),
  all: (): readonly Item[] => database.all(),
  exec: (sql: string): void => database.exec(sql),
  insert: (values: ItemValues): number => database.insert(values),
  insertMany: (rows: readonly ItemValues[]): void => database.insertMany(rows),
  call: async (module: string, name: string, ...args: readonly unknown[]): Promise<unknown> => {
    const functions = await import(module)
    return functions[name](database.handle, ...args)
  },
}

export type ComlinkRemote = typeof remote

if (parentPort === null) throw new Error('This program runs in a worker thread.')
expose(remote, nodeEndpoint(parentPort))
