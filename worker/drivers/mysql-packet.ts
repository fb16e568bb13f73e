/** A message to the server, with room before it for the header of its only packet, which is written when it is sent. */
export type Message = Buffer<ArrayBuffer>

export const headerBytes = 4

/** First byte of a message. https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html */
export const Command = {
  query: 0x03,
  ping: 0x0e,
  prepare: 0x16,
  execute: 0x17,
  closeStatement: 0x19,
  setOption: 0x1b,
  resetConnection: 0x1f,
} as const

/** First byte of an answer. */
export const Answer = { ok: 0x00, localInfile: 0xfb, eof: 0xfe, error: 0xff } as const

/** Flags of the session, at the end of every answer. */
export const ServerStatus = { inTransaction: 1, autocommit: 2, moreResults: 8 } as const

export function textMessage(command: number, text: string): Message {
  const message = Buffer.allocUnsafe(headerBytes + 1 + Buffer.byteLength(text))
  message[headerBytes] = command
  message.write(text, headerBytes + 1)
  return message
}

/** A message of a command and a number of 0, 2 or 4 bytes. */
export function numberMessage(command: number, value = 0, bytes: 0 | 2 | 4 = 0): Message {
  const message = Buffer.allocUnsafe(headerBytes + 1 + bytes)
  message[headerBytes] = command
  if (bytes > 0) message.writeUIntLE(value, headerBytes + 1, bytes)
  return message
}

/** Reads a packet from its beginning to its end; it is given one packet after another. */
export class PacketReader {
  buffer: Buffer = Buffer.alloc(0)
  offset = 0
  end = 0

  read(buffer: Buffer, offset: number, end: number): this {
    this.buffer = buffer
    this.offset = offset
    this.end = end
    return this
  }

  peek(): number {
    return this.buffer[this.offset] as number
  }

  byte(): number {
    return this.buffer[this.offset++] as number
  }

  uint16(): number {
    const value = this.buffer.readUInt16LE(this.offset)
    this.offset += 2
    return value
  }

  uint32(): number {
    const value = this.buffer.readUInt32LE(this.offset)
    this.offset += 4
    return value
  }

  /** A length: no packet is so long that a number would not hold it. */
  length(): number {
    const first = this.byte()
    if (first < 0xfb) return first
    if (first === 0xfc) return this.uint16()
    if (first === 0xfd) return this.byte() | (this.byte() << 8) | (this.byte() << 16)
    return Number(this.#uint64())
  }

  /** A number of the same form as a length, exact up to 2^64. */
  integer(): bigint {
    if (this.peek() !== 0xfe) return BigInt(this.length())
    this.offset++
    return this.#uint64()
  }

  /** A text preceded by its length. */
  text(): string {
    const length = this.length()
    this.offset += length
    return this.buffer.toString('utf8', this.offset - length, this.offset)
  }

  /** Bytes preceded by their length, in a buffer of their own: the packet's belongs to the socket. */
  bytes(): Uint8Array {
    const length = this.length()
    this.offset += length
    return new Uint8Array(this.buffer.subarray(this.offset - length, this.offset))
  }

  #uint64(): bigint {
    const value = this.buffer.readBigUInt64LE(this.offset)
    this.offset += 8
    return value
  }
}

/** The end of the columns, or of the rows: no row begins like it and is as short. */
export function isEof(buffer: Buffer, offset: number, end: number): boolean {
  return buffer[offset] === Answer.eof && end - offset < 9
}

/** The session's flags as a packet that ends columns or rows has them. */
export function eofStatus(buffer: Buffer, offset: number): number {
  return buffer.readUInt16LE(offset + 3)
}
