import type { Writable } from 'node:stream'
import type { Row } from '../../sql/executor.ts'

/**
 * Writes rows into one of Knex's streams, no faster than they are read; resolves when the stream has closed. What goes wrong goes into the
 * stream. A stream that is closed before its end gives up the statement, and its cursor is free when this resolves.
 *
 * @param open begins the statement, which is given up when the signal aborts
 * @returns true when the statement was given up before its first row, and so may be at work still
 */
export async function writeRows(stream: Writable, open: (signal: AbortSignal) => Promise<AsyncIterable<Row>>): Promise<boolean> {
  const giveUp = new AbortController()
  // One function that whatever happens calls, and no race of promises: there would be one with `closed` for every few rows.
  let wake = (): void => {}
  stream.on('drain', () => wake())
  const closed = new Promise<void>((resolve) =>
    stream.once('close', () => {
      giveUp.abort()
      wake()
      resolve()
    }),
  )
  let started = false
  let abandoned = false
  try {
    for await (const row of await open(giveUp.signal)) {
      started = true
      if (stream.destroyed) break
      if (!stream.write(row)) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    }
    if (!stream.destroyed) stream.end()
  } catch (error) {
    abandoned = !started && giveUp.signal.aborted
    stream.destroy(error as Error)
  }
  await closed
  return abandoned
}
