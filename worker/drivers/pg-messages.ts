import { DriverFault } from './sqlite-errors.ts'

/** A parameter as it is sent: text, or bytes in the binary format. */
export type EncodedValue = string | Uint8Array | null

const PARSE = 0x50
const DESCRIBE = 0x44
const BIND = 0x42
const EXECUTE = 0x45
const CLOSE = 0x43
const FLUSH = 0x48
const SYNC = 0x53
const QUERY = 0x51
const COPY_DATA = 0x64
const COPY_DONE = 0x63
const COPY_FAIL = 0x66
const STATEMENT = 0x53
const PORTAL = 0x50

/** MaxAllocSize less a byte: the server ends a connection that sends a longer message. */
const maxMessageBytes = 0x3fff_fffe
const initialBytes = 4 * 1024
/** Up to this size messages are copied out of the buffer; larger ones take it along. */
const maxCopiedBytes = 16 * 1024
/** A text of this length has room if every character takes the three bytes it may need; a longer one is measured first. */
const maxGuessedLength = 4 * 1024

/**
 * Writes messages one behind another, so that they leave in a single packet: pg's own functions write each of them to the socket.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export class MessageWriter {
  #bytes = Buffer.allocUnsafe(initialBytes)
  #size = 0

  get sizeBytes(): number {
    return this.#size
  }

  /** The unnamed statement is `''`. The types of the parameters are the server's to find. */
  parse(name: string, sql: string): this {
    const start = this.#begin(PARSE)
    this.#text(name)
    this.#text(sql)
    this.#int16(0)
    return this.#end(start)
  }

  describeStatement(name: string): this {
    return this.#named(DESCRIBE, STATEMENT, name)
  }

  describePortal(): this {
    return this.#named(DESCRIBE, PORTAL, '')
  }

  /** Binds to the unnamed portal; every column of the result is wanted as text. */
  bind(statement: string, values: readonly EncodedValue[]): this {
    const start = this.#begin(BIND)
    this.#text('')
    this.#text(statement)
    if (values.some((value) => typeof value === 'object' && value !== null)) {
      this.#int16(values.length)
      for (const value of values) this.#int16(typeof value === 'object' && value !== null ? 1 : 0)
    } else {
      this.#int16(0)
    }
    this.#int16(values.length)
    for (const value of values) this.#value(value)
    this.#int16(0)
    return this.#end(start)
  }

  /** Runs the unnamed portal until it has given `maxRows` rows; 0 for all of them. */
  execute(maxRows: number): this {
    const start = this.#begin(EXECUTE)
    this.#text('')
    this.#int32(maxRows)
    return this.#end(start)
  }

  closeStatement(name: string): this {
    return this.#named(CLOSE, STATEMENT, name)
  }

  closePortal(): this {
    return this.#named(CLOSE, PORTAL, '')
  }

  flush(): this {
    return this.#end(this.#begin(FLUSH))
  }

  sync(): this {
    return this.#end(this.#begin(SYNC))
  }

  /** The simple protocol: any number of statements. */
  query(sql: string): this {
    const start = this.#begin(QUERY)
    this.#text(sql)
    return this.#end(start)
  }

  copyData(text: string): this {
    const start = this.#begin(COPY_DATA)
    this.#utf8(text)
    return this.#end(start)
  }

  copyDone(): this {
    return this.#end(this.#begin(COPY_DONE))
  }

  copyFail(reason: string): this {
    const start = this.#begin(COPY_FAIL)
    this.#text(reason)
    return this.#end(start)
  }

  /** What has been written, in memory of its own; the writer is empty again. */
  take(): Buffer {
    const written = this.#bytes.subarray(0, this.#size)
    this.#size = 0
    if (written.length <= maxCopiedBytes) return Buffer.from(written)
    this.#bytes = Buffer.allocUnsafe(initialBytes)
    return written
  }

  /** Forgets what has been written. */
  discard(): void {
    this.#bytes = Buffer.allocUnsafe(initialBytes)
    this.#size = 0
  }

  #named(message: number, kind: number, name: string): this {
    const start = this.#begin(message)
    this.#byte(kind)
    this.#text(name)
    return this.#end(start)
  }

  /** Gives where the length belongs, which counts itself and not the message's letter. */
  #begin(message: number): number {
    this.#byte(message)
    this.#int32(0)
    return this.#size - 4
  }

  #end(start: number): this {
    if (this.#size - start > maxMessageBytes)
      throw new DriverFault('data', 'A statement and its values weigh more than the 1 GB that PostgreSQL takes.')
    this.#bytes.writeInt32BE(this.#size - start, start)
    return this
  }

  #value(value: EncodedValue): void {
    if (value === null) {
      this.#int32(-1)
      return
    }
    this.#int32(0)
    const start = this.#size
    if (typeof value === 'string') {
      this.#utf8(value)
    } else {
      this.#reserve(value.length)
      this.#bytes.set(value, this.#size)
      this.#size += value.length
    }
    this.#bytes.writeInt32BE(this.#size - start, start - 4)
  }

  #text(text: string): void {
    this.#utf8(text)
    this.#byte(0)
  }

  #utf8(text: string): void {
    this.#reserve(text.length <= maxGuessedLength ? 3 * text.length : Buffer.byteLength(text))
    this.#size += this.#bytes.write(text, this.#size)
  }

  #byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#size++] = value
  }

  #int16(value: number): void {
    this.#reserve(2)
    this.#size = this.#bytes.writeUInt16BE(value, this.#size)
  }

  #int32(value: number): void {
    this.#reserve(4)
    this.#size = this.#bytes.writeInt32BE(value, this.#size)
  }

  #reserve(bytes: number): void {
    const needed = this.#size + bytes
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length))
    this.#bytes.copy(larger, 0, 0, this.#size)
    this.#bytes = larger
  }
}
