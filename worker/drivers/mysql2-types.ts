import type { WireColumn } from '../../src/protocol/values.ts'
import type { DriverRow, DriverValue } from './driver.ts'
import { binaryCharset, FieldFlag, FieldType } from './mysql-field-types.ts'
import { parseJson } from './mysql-json.ts'
import type { PacketReader } from './mysql-packet.ts'
import { parseDateTime, readDate, readDateTime, readTime } from './mysql-temporal.ts'

/** A column of a result as the server describes it. */
export interface FieldDefinition {
  readonly name: string
  /** The table behind an alias; empty for an expression. */
  readonly table: string
  readonly type: number
  readonly flags: number
  readonly charset: number
  readonly sizeBytes: number
  readonly decimals: number
  /** MariaDB's name of the type where the wire knows only a text or bytes: `uuid`, `inet6`, `json`. */
  readonly extendedType: string | undefined
}

/** Reads a value that is not NULL, and moves behind it. */
export type Decode = (packet: PacketReader) => DriverValue

/** https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_column_definition.html */
export function readFieldDefinition(packet: PacketReader, extended: boolean): FieldDefinition {
  skip(packet, 3)
  const table = packet.text()
  const name = packet.text()
  skip(packet, 1)
  const extendedType = extended ? readExtendedType(packet) : undefined
  packet.offset += 1
  const charset = packet.uint16()
  const sizeBytes = packet.uint32()
  const type = packet.byte()
  return { name, table, type, flags: packet.uint16(), charset, sizeBytes, decimals: packet.byte(), extendedType }
}

function skip(packet: PacketReader, texts: number): void {
  for (let index = 0; index < texts; index++) {
    const length = packet.length()
    packet.offset += length
  }
}

/** https://mariadb.com/kb/en/result-set-packets/#column-definition-packet: pairs of a kind and a text. */
function readExtendedType(packet: PacketReader): string | undefined {
  let name: string | undefined
  const length = packet.length()
  const end = packet.offset + length
  while (packet.offset < end) {
    packet.offset += 1
    name = packet.text()
  }
  return name
}

export function toWireColumn(field: FieldDefinition): WireColumn {
  return { name: field.name, table: field.table === '' ? undefined : field.table, type: typeName(field) }
}

/** A row of a prepared statement. https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html */
export function readBinaryRow(packet: PacketReader, decoders: readonly Decode[]): DriverRow {
  const bitmap = packet.offset + 1
  packet.offset = bitmap + ((decoders.length + 9) >> 3)
  const row: DriverValue[] = []
  for (let index = 0; index < decoders.length; index++) {
    const bit = index + 2
    const isNull = ((packet.buffer[bitmap + (bit >> 3)] as number) & (1 << (bit & 7))) !== 0
    row.push(isNull ? null : (decoders[index] as Decode)(packet))
  }
  return row
}

/** A row of a statement that was sent as text. */
export function readTextRow(packet: PacketReader, decoders: readonly Decode[]): DriverRow {
  const row: DriverValue[] = []
  for (const decode of decoders) {
    if (packet.peek() === 0xfb) {
      packet.offset += 1
      row.push(null)
    } else row.push(decode(packet))
  }
  return row
}

const readText: Decode = (packet) => packet.text()
const readBytes: Decode = (packet) => packet.bytes()

function readInt8(packet: PacketReader): bigint {
  return BigInt(packet.buffer.readInt8(packet.offset++))
}

function readInt16(packet: PacketReader): bigint {
  packet.offset += 2
  return BigInt(packet.buffer.readInt16LE(packet.offset - 2))
}

function readInt32(packet: PacketReader): bigint {
  packet.offset += 4
  return BigInt(packet.buffer.readInt32LE(packet.offset - 4))
}

function readInt64(packet: PacketReader): bigint {
  packet.offset += 8
  return packet.buffer.readBigInt64LE(packet.offset - 8)
}

function readUint64(packet: PacketReader): bigint {
  packet.offset += 8
  return packet.buffer.readBigUInt64LE(packet.offset - 8)
}

/** The double that the four bytes are, with all of its digits: 0.1 of a FLOAT is 0.10000000149011612. */
function readFloat(packet: PacketReader): number {
  packet.offset += 4
  return packet.buffer.readFloatLE(packet.offset - 4)
}

function readDouble(packet: PacketReader): number {
  packet.offset += 8
  return packet.buffer.readDoubleLE(packet.offset - 8)
}

/** BIT, of up to 64 bits. */
function readBits(packet: PacketReader): bigint {
  let bits = 0n
  for (const byte of packet.bytes()) bits = (bits << 8n) | BigInt(byte)
  return bits
}

/** How a value of the binary protocol is read. */
export function binaryDecoder(field: FieldDefinition): Decode {
  const unsigned = (field.flags & FieldFlag.unsigned) !== 0
  switch (field.type) {
    case FieldType.tiny:
      return unsigned ? (packet) => BigInt(packet.byte()) : readInt8
    case FieldType.short:
      return unsigned ? (packet) => BigInt(packet.uint16()) : readInt16
    case FieldType.year:
      return (packet) => BigInt(packet.uint16())
    case FieldType.long:
    case FieldType.int24:
      return unsigned ? (packet) => BigInt(packet.uint32()) : readInt32
    case FieldType.longlong:
      return unsigned ? readUint64 : readInt64
    case FieldType.float:
      return readFloat
    case FieldType.double:
      return readDouble
    case FieldType.date:
    case FieldType.newdate:
      return readDate
    case FieldType.datetime:
      return (packet) => readDateTime(packet, '')
    case FieldType.timestamp:
      return (packet) => readDateTime(packet, 'Z')
    case FieldType.time:
      return (packet) => readTime(packet, field.decimals)
    default:
      return stringDecoder(field)
  }
}

/** How a value of the text protocol is read. */
export function textDecoder(field: FieldDefinition): Decode {
  switch (field.type) {
    case FieldType.tiny:
    case FieldType.short:
    case FieldType.year:
    case FieldType.long:
    case FieldType.int24:
    case FieldType.longlong:
      return (packet) => BigInt(packet.text())
    case FieldType.float:
    case FieldType.double:
      return (packet) => Number(packet.text())
    case FieldType.date:
    case FieldType.newdate:
    case FieldType.time:
      return readText
    case FieldType.datetime:
      return (packet) => parseDateTime(packet.text(), '')
    case FieldType.timestamp:
      return (packet) => parseDateTime(packet.text(), 'Z')
    default:
      return stringDecoder(field)
  }
}

/** What looks the same in both protocols: a length and bytes. */
function stringDecoder(field: FieldDefinition): Decode {
  switch (field.type) {
    case FieldType.decimal:
    case FieldType.newdecimal:
      return readText
    case FieldType.bit:
      return readBits
    case FieldType.json:
      return (packet) => parseJson(packet.text(), field.name)
    case FieldType.geometry:
    case FieldType.vector:
      return readBytes
    default:
      if (field.extendedType === 'json') return (packet) => parseJson(packet.text(), field.name)
      return field.charset === binaryCharset ? readBytes : readText
  }
}

const typeNames: Readonly<Record<number, string>> = {
  [FieldType.decimal]: 'decimal',
  [FieldType.newdecimal]: 'decimal',
  [FieldType.tiny]: 'tinyint',
  [FieldType.short]: 'smallint',
  [FieldType.int24]: 'mediumint',
  [FieldType.long]: 'int',
  [FieldType.longlong]: 'bigint',
  [FieldType.float]: 'float',
  [FieldType.double]: 'double',
  [FieldType.null]: 'null',
  [FieldType.timestamp]: 'timestamp',
  [FieldType.date]: 'date',
  [FieldType.newdate]: 'date',
  [FieldType.time]: 'time',
  [FieldType.datetime]: 'datetime',
  [FieldType.year]: 'year',
  [FieldType.bit]: 'bit',
  [FieldType.json]: 'json',
  [FieldType.enum]: 'enum',
  [FieldType.set]: 'set',
  [FieldType.geometry]: 'geometry',
  [FieldType.vector]: 'vector',
}

/** YEAR and TIMESTAMP are flagged as unsigned as well. */
const numberTypes: ReadonlySet<number> = new Set([
  ...[FieldType.decimal, FieldType.newdecimal, FieldType.float, FieldType.double],
  ...[FieldType.tiny, FieldType.short, FieldType.int24, FieldType.long, FieldType.longlong],
])

/** Longest value of each size of BLOB, in bytes, and of TEXT, in bytes of utf8mb4. */
const blobSizes = [
  [0xff, 'tiny'],
  [0xffff, ''],
  [0xffffff, 'medium'],
] as const

/** As the schema spells the type, without its length: `int`, `bigint unsigned`; a boolean is `tinyint(1)`. */
function typeName(field: FieldDefinition): string {
  if (field.extendedType !== undefined) return field.extendedType
  if ((field.flags & FieldFlag.enum) !== 0) return 'enum'
  if ((field.flags & FieldFlag.set) !== 0) return 'set'
  const name = typeNames[field.type]
  if (name === undefined) return stringTypeName(field)
  if (field.type === FieldType.tiny && field.sizeBytes === 1) return 'tinyint(1)'
  return numberTypes.has(field.type) && (field.flags & FieldFlag.unsigned) !== 0 ? `${name} unsigned` : name
}

function stringTypeName({ type, charset, sizeBytes }: FieldDefinition): string {
  const isText = charset !== binaryCharset
  switch (type) {
    case FieldType.string:
      return isText ? 'char' : 'binary'
    case FieldType.varString:
    case FieldType.varchar:
      return isText ? 'varchar' : 'varbinary'
    default: {
      const size = blobSizes.find(([most]) => sizeBytes <= (isText ? 4 * most : most))?.[1] ?? 'long'
      return `${size}${isText ? 'text' : 'blob'}`
    }
  }
}
