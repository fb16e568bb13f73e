import type { WireColumn, WireValue } from './values.ts'
import type { WireError } from './wire-error.ts'

/**
 * A message between the two sides is a batch: ONE flat array that holds frame after frame, each a fixed head and, where its kind has a
 * counted tail, that many elements. Flat, because structured cloning pays for every object and key: 64 requests of one parameter cost
 * 0.04 µs each to send as a flat array, 0.14 as arrays, 0.25 as objects.
 */
export type Frames = unknown[]

/** Chunks on their way to a reader who takes all: while its thread collects garbage, the worker has something to do. */
export const creditWindow = 4

/** User's thread to worker. */
export const RequestKind = {
  /** kind, statementId, sql, names | null, traits */
  register: 1,
  /** kind, statementId */
  forget: 2,
  /** kind, id, statementId, flags, rowLimit, count, ...values */
  execute: 3,
  /** kind, id, statementId, flags, rowCount, values (row-major, one nested array) */
  executeMany: 4,
  /** kind, id, flags, sql */
  script: 5,
  /** kind, id, flags, moduleUrl, name, args */
  call: 6,
  /** kind, id, file; each step is told by a `value` that is not the last reply */
  backup: 7,
  /** kind, id, chunks */
  credit: 8,
  /** kind, id */
  closeCursor: 9,
  /** kind, id, readonly, force */
  reset: 10,
  /** kind, port */
  control: 11,
  /** kind, id */
  close: 12,
  /** kind, id: the request of that number is to stop; not answered, and served before what waits */
  cancel: 13,
  /** kind, id */
  ping: 14,
  /** kind, ids: those of these `execute` requests that have not begun are answered `refused`; itself not answered, and served before what waits */
  recall: 15,
} as const

/** Flags of an `execute`, `executeMany`, `script` or `call` request. */
export const RequestFlag = {
  /** Send every row without being asked; the requests behind it wait until it is complete. */
  all: 1,
  /** Run only inside the transaction that the user's side believes open: never autocommit what belonged to an ended one. */
  inTransaction: 2,
  /** INTEGER values as bigint. */
  bigint: 4,
  /** Run only if the database itself says that the statement cannot write and yields rows; else answer `refused`. */
  readOnly: 8,
  /** Leave no cursor open: keep the rows that nobody has asked for yet in the worker's memory. */
  buffered: 16,
  /** Send at most `rowLimit` rows, then close the cursor. Without it `rowLimit` bounds the rows of a chunk; 0 is the worker's own measure. */
  limited: 32,
  /** Run whatever cursors are open: one whose rows are too many to be kept is closed, where another statement would be refused. */
  freesCursors: 64,
  /** Values as the server writes them, where the driver would make more of them. */
  serverTexts: 128,
  /** INTEGER values inside of arrays as bigint too. Not where `bigint` is for the sake of some columns only. */
  bigintArrays: 256,
} as const

/** What the user's side knows of a statement's text, for the worker that prepares it. */
export const StatementTrait = {
  /** An INSERT or REPLACE: its last row id means something. */
  insert: 1,
  /** It may leave state on the connection: a pragma, a temporary table, an attached database, an open transaction. */
  connectionState: 2,
  /** It changes rows: how many it yields or has changed is its row count. */
  changesRows: 4,
} as const

/** Worker to user's thread. */
export const ReplyKind = {
  /** kind, id, flags, columns | null, rowcount, lastrowid, rowCount, width, ...values row-major */
  rows: 1,
  /** kind, id, flags, columns | null, rowcount, lastrowid, rowCount, width, ...columns (each an array or a Float64Array) */
  chunk: 2,
  /** kind, id, flags, rowcount, lastrowid, changedRows */
  done: 3,
  /** kind, id, flags, value */
  value: 4,
  /** kind, id, flags, WireError */
  error: 5,
  /** kind, id, flags: a `readOnly` request for a statement that may write, or one that was recalled; nothing ran */
  refused: 6,
  /** kind, id, flags: a `buffered` result larger than the worker may keep; nothing was sent */
  tooLarge: 7,
  /** kind, 0, flags, ServerEvent: said unasked */
  event: 8,
} as const

/** Flags of a reply. */
export const ReplyFlag = {
  /** The request is complete: its id will not be seen again. */
  last: 1,
  /** A transaction is open on the connection after this. */
  inTransaction: 2,
  /** At least one value is a Uint8Array. */
  blobs: 4,
  /** Every row has left the database: what has not been sent is in the worker's memory. */
  detached: 8,
  /** The statement ran for long enough that others are better not sent behind it. */
  slow: 16,
} as const

export interface ExecuteRequest {
  readonly kind: typeof RequestKind.execute
  readonly id: number
  readonly statementId: number
  readonly flags: number
  readonly rowLimit: number
  readonly values: readonly WireValue[]
}

export type Request =
  | {
      readonly kind: typeof RequestKind.register
      readonly statementId: number
      readonly sql: string
      readonly names: readonly string[] | null
      readonly traits: number
    }
  | { readonly kind: typeof RequestKind.forget; readonly statementId: number }
  | ExecuteRequest
  | ExecuteManyRequest
  | ScriptRequest
  | CallRequest
  | BackupRequest
  | { readonly kind: typeof RequestKind.credit; readonly id: number; readonly chunks: number }
  | { readonly kind: typeof RequestKind.closeCursor; readonly id: number }
  | ResetRequest
  | { readonly kind: typeof RequestKind.control; readonly port: unknown }
  | { readonly kind: typeof RequestKind.recall; readonly ids: readonly number[] }
  | { readonly kind: typeof RequestKind.close | typeof RequestKind.cancel | typeof RequestKind.ping; readonly id: number }

export interface ExecuteManyRequest {
  readonly kind: typeof RequestKind.executeMany
  readonly id: number
  readonly statementId: number
  readonly flags: number
  readonly rowCount: number
  /** The parameters of all rows, one row after another. */
  readonly values: readonly WireValue[]
}

export interface ScriptRequest {
  readonly kind: typeof RequestKind.script
  readonly id: number
  readonly flags: number
  readonly sql: string
}

export interface CallRequest {
  readonly kind: typeof RequestKind.call
  readonly id: number
  readonly flags: number
  readonly module: string
  readonly name: string
  readonly args: readonly unknown[]
}

export interface BackupRequest {
  readonly kind: typeof RequestKind.backup
  readonly id: number
  readonly file: string
}

export interface ResetRequest {
  readonly kind: typeof RequestKind.reset
  readonly id: number
  readonly readonly: boolean
  /** Open a fresh connection even if this one looks clean. */
  readonly force: boolean
}

export function writeRequest(frames: Frames, request: Request): void {
  switch (request.kind) {
    case RequestKind.register:
      frames.push(request.kind, request.statementId, request.sql, request.names, request.traits)
      return
    case RequestKind.forget:
      frames.push(request.kind, request.statementId)
      return
    case RequestKind.execute:
      frames.push(request.kind, request.id, request.statementId, request.flags, request.rowLimit, request.values.length)
      for (const value of request.values) frames.push(value)
      return
    case RequestKind.executeMany:
      frames.push(request.kind, request.id, request.statementId, request.flags, request.rowCount, request.values)
      return
    case RequestKind.script:
      frames.push(request.kind, request.id, request.flags, request.sql)
      return
    case RequestKind.call:
      frames.push(request.kind, request.id, request.flags, request.module, request.name, request.args)
      return
    case RequestKind.backup:
      frames.push(request.kind, request.id, request.file)
      return
    case RequestKind.credit:
      frames.push(request.kind, request.id, request.chunks)
      return
    case RequestKind.reset:
      frames.push(request.kind, request.id, request.readonly, request.force)
      return
    case RequestKind.control:
      frames.push(request.kind, request.port)
      return
    case RequestKind.recall:
      frames.push(request.kind, request.ids)
      return
    case RequestKind.closeCursor:
    case RequestKind.close:
    case RequestKind.cancel:
    case RequestKind.ping:
      frames.push(request.kind, request.id)
      return
    default:
      throw new RangeError(`unknown request ${String(request satisfies never)}`)
  }
}

/** Reads frame after frame of one batch. The casts are the border: the other side wrote these frames with the functions of this file. */
export class FrameReader {
  readonly frames: Frames
  #at = 0

  constructor(frames: Frames) {
    this.frames = frames
  }

  get done(): boolean {
    return this.#at >= this.frames.length
  }

  /** The next element. */
  next<T>(): T {
    return this.frames[this.#at++] as T
  }

  /** Steps over `count` elements and gives the index of the first. */
  skip(count: number): number {
    const start = this.#at
    this.#at += count
    return start
  }
}

/** Inverse of `writeRequest`. */
export function readRequest(reader: FrameReader): Request {
  const kind = reader.next<Request['kind']>()
  switch (kind) {
    case RequestKind.register:
      return { kind, statementId: reader.next(), sql: reader.next(), names: reader.next(), traits: reader.next() }
    case RequestKind.forget:
      return { kind, statementId: reader.next() }
    case RequestKind.execute:
      return readExecute(reader)
    case RequestKind.executeMany:
      return { kind, id: reader.next(), statementId: reader.next(), flags: reader.next(), rowCount: reader.next(), values: reader.next() }
    case RequestKind.script:
      return { kind, id: reader.next(), flags: reader.next(), sql: reader.next() }
    case RequestKind.call:
      return { kind, id: reader.next(), flags: reader.next(), module: reader.next(), name: reader.next(), args: reader.next() }
    case RequestKind.backup:
      return { kind, id: reader.next(), file: reader.next() }
    case RequestKind.credit:
      return { kind, id: reader.next(), chunks: reader.next() }
    case RequestKind.reset:
      return { kind, id: reader.next(), readonly: reader.next(), force: reader.next() }
    case RequestKind.control:
      return { kind, port: reader.next() }
    case RequestKind.recall:
      return { kind, ids: reader.next() }
    case RequestKind.closeCursor:
    case RequestKind.close:
    case RequestKind.cancel:
    case RequestKind.ping:
      return { kind, id: reader.next() }
    default:
      throw new RangeError(`unknown request ${String(kind satisfies never)}`)
  }
}

function readExecute(reader: FrameReader): ExecuteRequest {
  const id = reader.next<number>()
  const statementId = reader.next<number>()
  const flags = reader.next<number>()
  const rowLimit = reader.next<number>()
  const count = reader.next<number>()
  const start = reader.skip(count)
  // The whole array is the parameter list of nobody else: a slice is the only copy.
  const values = count === 0 ? noValues : (reader.frames.slice(start, start + count) as WireValue[])
  return { kind: RequestKind.execute, id, statementId, flags, rowLimit, values }
}

const noValues: readonly WireValue[] = []

/** A reply with rows: the values stay in `frames`, `width` of them a row (or one column buffer a column) from index `start` on. */
export interface RowsReply {
  readonly kind: typeof ReplyKind.rows | typeof ReplyKind.chunk
  readonly id: number
  readonly flags: number
  /** Null when they are those of the statement's reply before. */
  readonly columns: readonly WireColumn[] | null
  readonly rowcount: number
  readonly lastrowid: bigint | number | null
  readonly rowCount: number
  readonly width: number
  readonly start: number
  readonly frames: Frames
}

export type Reply =
  | RowsReply
  | {
      readonly kind: typeof ReplyKind.done
      readonly id: number
      readonly flags: number
      readonly rowcount: number
      readonly lastrowid: bigint | number | null
      /** Of the rows matched by an UPDATE, those with other values than before; null where nobody says. */
      readonly changedRows: number | null
    }
  | { readonly kind: typeof ReplyKind.value | typeof ReplyKind.event; readonly id: number; readonly flags: number; readonly value: unknown }
  | { readonly kind: typeof ReplyKind.error; readonly id: number; readonly flags: number; readonly error: WireError }
  | { readonly kind: typeof ReplyKind.refused | typeof ReplyKind.tooLarge; readonly id: number; readonly flags: number }

export type RowsHead = Pick<RowsReply, 'id' | 'flags' | 'columns' | 'rowcount' | 'lastrowid'>

/** Writes the head of a rows or chunk reply; the caller pushes the count of rows, their width and the values behind it. */
export function writeRowsHead(frames: Frames, kind: RowsReply['kind'], head: RowsHead): void {
  frames.push(kind, head.id, head.flags, head.columns, head.rowcount, head.lastrowid)
}

/** Adds flags to the reply that was written from index `start` on. */
export function addReplyFlags(frames: Frames, start: number, flags: number): void {
  const at = start + 2
  frames[at] = (frames[at] as number) | flags
}

export function writeReply(frames: Frames, reply: Exclude<Reply, RowsReply>): void {
  switch (reply.kind) {
    case ReplyKind.done:
      frames.push(reply.kind, reply.id, reply.flags, reply.rowcount, reply.lastrowid, reply.changedRows)
      return
    case ReplyKind.value:
    case ReplyKind.event:
      frames.push(reply.kind, reply.id, reply.flags, reply.value)
      return
    case ReplyKind.error:
      frames.push(reply.kind, reply.id, reply.flags, reply.error)
      return
    default:
      frames.push(reply.kind, reply.id, reply.flags)
  }
}

/** Inverse of `writeReply` and `writeRowsHead`. */
export function readReply(reader: FrameReader): Reply {
  const kind = reader.next<Reply['kind']>()
  const id = reader.next<number>()
  const flags = reader.next<number>()
  switch (kind) {
    case ReplyKind.rows:
    case ReplyKind.chunk: {
      const columns = reader.next<readonly WireColumn[] | null>()
      const rowcount = reader.next<number>()
      const lastrowid = reader.next<bigint | number | null>()
      const rowCount = reader.next<number>()
      const width = reader.next<number>()
      const start = reader.skip(kind === ReplyKind.rows ? rowCount * width : width)
      return { kind, id, flags, columns, rowcount, lastrowid, rowCount, width, start, frames: reader.frames }
    }
    case ReplyKind.done:
      return { kind, id, flags, rowcount: reader.next(), lastrowid: reader.next(), changedRows: reader.next() }
    case ReplyKind.value:
    case ReplyKind.event:
      return { kind, id, flags, value: reader.next() }
    case ReplyKind.error:
      return { kind, id, flags, error: reader.next() }
    default:
      return { kind, id, flags }
  }
}
