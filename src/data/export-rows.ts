import type { Executor } from '../sql/executor.ts'
import type { Executable, Parameters } from '../sql/statement.ts'
import type { WrittenColumn } from './cells.ts'
import type { FileWriter } from './file-writers.ts'
import { LoopTurns } from './loop-turns.ts'

/** What is read, and what it is called in the file. */
export interface RowSource {
  readonly name: string
  readonly query: Executable
  readonly params?: Parameters | undefined
  /** Of a table. Default: those of the result. */
  readonly columns?: readonly WrittenColumn[] | undefined
}

export interface RowExport {
  readonly executor: Executor
  readonly writer: FileWriter
  readonly signal: AbortSignal | undefined
  /** Called before the piece that has the last of these rows in it; with 0 for a table that begins. */
  readonly onRows: (source: RowSource, rows: number) => void
}

const rowsTogether = 100

/** The text of a file with all rows, in pieces; bounded in memory, and never long at a stretch. */
export async function* exportedText(sources: AsyncIterable<RowSource> | Iterable<RowSource>, job: RowExport): AsyncGenerator<string> {
  const { writer } = job
  if (writer.begin !== '') yield writer.begin
  for await (const source of sources) yield* tableText(source, job)
  if (writer.end !== '') yield writer.end
}

async function* tableText(source: RowSource, { executor, writer, signal, onRows }: RowExport): AsyncGenerator<string> {
  const turns = new LoopTurns()
  const options = { rowMode: 'array', integers: 'bigint', signal } as const
  const result = await executor.execute<readonly unknown[]>(source.query, source.params, options)
  try {
    const columns = source.columns ?? (await result.keys()).map((name) => ({ name }))
    let piece = writer.beginTable({ name: source.name, columns })
    let written = 0
    onRows(source, written)
    for (;;) {
      const rows = await result.fetchmany(rowsTogether)
      if (rows.length === 0) break
      piece += writer.rows(rows, written)
      written += rows.length
      onRows(source, written)
      if (piece.length >= pieceLength) {
        yield piece
        piece = ''
      }
      if (turns.isOver) await turns.next()
    }
    piece += writer.endTable()
    if (piece !== '') yield piece
  } finally {
    await result.close()
  }
}

/** Lines are handed on in texts of about this many UTF-16 units. */
const pieceLength = 65_536
