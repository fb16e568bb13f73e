import {
  Answer,
  Command,
  eofStatus,
  headerBytes,
  isEof,
  type Message,
  numberMessage,
  PacketReader,
  ServerStatus,
  textMessage,
} from './mysql-packet.ts'
import type { NativeCommand, NativeConnection, NativePacket } from './mysql2-client.ts'
import { DriverFault } from './sqlite-errors.ts'

/** A packet of this length is followed by another one of the same message, be it empty. */
const maxPacketBytes = 0xffffff

/** One message and its answer, in mysql2's queue. */
export abstract class Exchange implements NativeCommand {
  /** Called once: the answer is complete, or this is what it failed with. */
  onEnd: (error: unknown) => void = () => {}
  /** Flags of the session as the end of the answer has them; null before that, and where there is none. */
  status: number | null = null
  /** It was under way when what runs was to be stopped. It may have ended well all the same. */
  cancelled = false
  readonly #message: Message
  #ended = false

  constructor(message: Message) {
    this.#message = message
  }

  execute(packet: NativePacket | undefined, connection: NativeConnection): boolean {
    if (packet === undefined) {
      send(connection, this.#message)
      if (!this.isAnswered) this.onResult(undefined)
      return !this.isAnswered
    }
    const { buffer, offset, end } = packet
    // mysql2 counts a row of several packets as one if it came while the connection was paused, and would complain of all that follow.
    connection.sequenceId = (packet.sequenceId + 1 + Math.floor((end - offset) / maxPacketBytes)) & 0xff
    if (buffer[offset] === Answer.error) {
      this.onResult(packet.asError('utf8'))
      return true
    }
    // An answer that makes no sense throws, and mysql2 destroys the connection: nobody knows where the next one begins.
    if (!this.receive(buffer, offset, end)) return false
    this.onResult(undefined)
    return true
  }

  onResult(error: unknown): void {
    if (this.#ended) return
    this.#ended = true
    this.onEnd(error)
  }

  protected get isAnswered(): boolean {
    return true
  }

  /** Takes a packet of the answer that is no error; true when it is the last one. */
  protected abstract receive(buffer: Buffer, offset: number, end: number): boolean
}

function send(connection: NativeConnection, message: Message): void {
  let packets = 0
  for (let at = headerBytes; ; at += maxPacketBytes) {
    const length = Math.min(message.length - at, maxPacketBytes)
    // The first header has its place; the next ones are sent by themselves.
    const header = packets === 0 ? message : Buffer.allocUnsafe(headerBytes)
    header.writeUIntLE(length, 0, 3)
    header[3] = packets++ & 0xff
    if (header !== message) connection.write(header)
    connection.write(message.subarray(header === message ? 0 : at, at + length))
    if (length < maxPacketBytes) break
  }
  connection.sequenceId = packets & 0xff
}

/** A message that is answered by OK. */
export class PlainExchange extends Exchange {
  static ping(): PlainExchange {
    return new PlainExchange(numberMessage(Command.ping))
  }

  static resetConnection(): PlainExchange {
    return new PlainExchange(numberMessage(Command.resetConnection))
  }

  /** Whether one message may hold several statements. */
  static multiStatements(on: boolean): PlainExchange {
    return new PlainExchange(numberMessage(Command.setOption, on ? 0 : 1, 2))
  }

  protected override receive(buffer: Buffer, offset: number, end: number): boolean {
    if (isEof(buffer, offset, end)) this.status = eofStatus(buffer, offset)
    else this.status = readOk(new PacketReader().read(buffer, offset, end)).status
    return true
  }
}

/** Frees a prepared statement, which the server does not answer. */
export class CloseExchange extends Exchange {
  constructor(statementId: number) {
    super(numberMessage(Command.closeStatement, statementId, 4))
  }

  protected override get isAnswered(): boolean {
    return false
  }

  protected override receive(): boolean {
    return true
  }
}

/** Prepares a statement. */
export class PrepareExchange extends Exchange {
  statementId = 0
  parameterCount = 0
  /** Its columns, a packet each; for some statements the server knows them only when it runs. */
  readonly fields: Buffer[] = []
  #parametersLeft = -1
  #fieldsLeft = 0

  constructor(sql: string) {
    super(textMessage(Command.prepare, sql))
  }

  protected override receive(buffer: Buffer, offset: number, end: number): boolean {
    if (this.#parametersLeft === -1) this.#receiveHead(new PacketReader().read(buffer, offset, end))
    else if (this.#parametersLeft > 0) {
      // Of the parameters nothing is known but how many they are.
      if (isEof(buffer, offset, end)) this.#parametersLeft = 0
    } else if (isEof(buffer, offset, end)) this.#fieldsLeft = 0
    else this.fields.push(buffer.subarray(offset, end))
    return this.#parametersLeft === 0 && this.#fieldsLeft === 0
  }

  #receiveHead(packet: PacketReader): void {
    packet.offset += 1
    this.statementId = packet.uint32()
    this.#fieldsLeft = packet.uint16()
    this.parameterCount = packet.uint16()
    this.#parametersLeft = this.parameterCount
  }
}

/** Takes the first result that has columns; what follows it, only CALL has. */
export interface ResultSink {
  /** The columns, a packet each, which is not theirs to keep. */
  fields(definitions: readonly Buffer[]): void
  row(buffer: Buffer, offset: number, end: number): void
}

/** Runs a statement, or several; what they give is read to its end. */
export class ResultExchange extends Exchange {
  affectedRows = 0
  insertId = 0n
  changedRows: number | undefined
  readonly #sink: ResultSink | null
  readonly #packet = new PacketReader()
  #expects: 'head' | 'fields' | 'fieldsEnd' | 'rows' = 'head'
  #fieldsLeft = 0
  #definitions: Buffer[] = []
  #results = 0

  constructor(message: Message, sink: ResultSink | null = null) {
    super(message)
    this.#sink = sink
  }

  static query(sql: string): ResultExchange {
    return new ResultExchange(textMessage(Command.query, sql))
  }

  protected override receive(buffer: Buffer, offset: number, end: number): boolean {
    switch (this.#expects) {
      case 'head':
        return this.#receiveHead(buffer, offset, end)
      case 'fields':
        this.#definitions.push(buffer.subarray(offset, end))
        if (--this.#fieldsLeft === 0) this.#expects = 'fieldsEnd'
        return false
      case 'fieldsEnd':
        this.#expects = 'rows'
        if (this.#results === 1) this.#sink?.fields(this.#definitions)
        return false
      default:
        if (isEof(buffer, offset, end)) return this.#endOfResult(eofStatus(buffer, offset))
        if (this.#results === 1) this.#sink?.row(buffer, offset, end)
        return false
    }
  }

  #receiveHead(buffer: Buffer, offset: number, end: number): boolean {
    const packet = this.#packet.read(buffer, offset, end)
    if (packet.peek() === Answer.localInfile) {
      throw new DriverFault('notSupported', 'The server asked for a local file (LOAD DATA LOCAL), and none is ever sent.')
    }
    if (packet.peek() === Answer.ok) {
      const { affectedRows, insertId, status } = readOk(packet)
      this.affectedRows = affectedRows
      this.insertId = insertId
      this.changedRows = readChangedRows(packet)
      return this.#endOfResult(status)
    }
    this.#expects = 'fields'
    this.#fieldsLeft = packet.length()
    this.#definitions = []
    this.#results++
    return false
  }

  #endOfResult(status: number): boolean {
    this.status = status
    this.#expects = 'head'
    return (status & ServerStatus.moreResults) === 0
  }
}

interface OkPacket {
  readonly affectedRows: number
  readonly insertId: bigint
  readonly status: number
}

/** https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_ok_packet.html */
function readOk(packet: PacketReader): OkPacket {
  packet.offset += 1
  return { affectedRows: packet.length(), insertId: packet.integer(), status: packet.uint16() }
}

/** "Rows matched: 40  Changed: 40  Warnings: 0". https://dev.mysql.com/doc/c-api/8.4/en/mysql-info.html */
const changedInWords = /\schanged: (\d+)/i
const minUpdateInfoBytes = 20

/** What the server says of an UPDATE behind the rest of an OK, and nowhere else than in words. */
function readChangedRows({ buffer, offset, end }: PacketReader): number | undefined {
  if (end - offset < minUpdateInfoBytes) return undefined
  const changed = changedInWords.exec(buffer.toString('latin1', offset, end))?.[1]
  return changed === undefined ? undefined : Number(changed)
}
