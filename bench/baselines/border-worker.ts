import { parentPort, workerData } from 'node:worker_threads'
import { insertItem, selectItem, selectItems } from '../item.ts'
import { type BorderCell, BorderRequest, borderFailed, itemWidth } from './border-protocol.ts'
import { DirectDatabase } from './direct.ts'

const port = parentPort
if (port === null) throw new Error('This program runs in a worker thread.')
const database = new DirectDatabase(workerData.file, workerData.options)
const select = database.handle.prepare<[BorderCell], BorderCell[]>(selectItem).raw()
const selectAll = database.handle.prepare<[], BorderCell[]>(selectItems).raw()
const insert = database.handle.prepare<[BorderCell[]]>(insertItem)

port.on('message', (requests: readonly BorderCell[]) => {
  const replies: BorderCell[] = []
  for (let at = 0; at < requests.length; ) at = serve(requests, at, replies)
  port.postMessage(replies)
})
port.postMessage([])

/** Appends the reply to the request at `at`, and gives where the next one begins. */
function serve(requests: readonly BorderCell[], at: number, replies: BorderCell[]): number {
  const code = requests[at]
  const argument = requests[at + 1] ?? null
  const end = at + 1 + argumentCount(code)
  try {
    if (code === BorderRequest.get) {
      const row = select.get(argument)
      if (row === undefined) replies.push(0)
      else replies.push(itemWidth, row[0] ?? null, row[1] ?? null, row[2] ?? null, row[3] ?? null, row[4] ?? null)
    } else if (code === BorderRequest.insert) {
      insert.run(requests.slice(at + 1, end))
      replies.push(0)
    } else if (code === BorderRequest.all) {
      const rows = selectAll.all()
      replies.push(rows.length * itemWidth)
      for (const row of rows) for (const cell of row) replies.push(cell)
    } else {
      database.exec(String(argument))
      replies.push(0)
    }
  } catch (error) {
    replies.push(borderFailed, String(error))
  }
  return end
}

function argumentCount(code: BorderCell | undefined): number {
  if (code === BorderRequest.all) return 0
  return code === BorderRequest.insert ? itemWidth : 1
}
