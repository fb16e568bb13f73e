import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/** How many statements are sent while `work` is done. */
export async function countQueries(work: () => Promise<unknown>): Promise<number> {
  let count = 0
  const add = () => {
    count += 1
  }
  subscribe('tracing:offloop:query:start', add)
  try {
    await work()
  } finally {
    unsubscribe('tracing:offloop:query:start', add)
  }
  return count
}
