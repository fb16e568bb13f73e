import type { WireValue } from '../../src/protocol/values.ts'
import { FieldType } from './mysql-field-types.ts'
import { Command, headerBytes, type Message } from './mysql-packet.ts'
import { DriverFault } from './sqlite-errors.ts'

/** Message header, command, statement, flags, iteration count. */
const fixedBytes = headerBytes + 10
/** Of the type of a parameter. */
const unsignedFlag = 0x8000
const maxInt64 = 2n ** 63n - 1n
const minInt64 = -(2n ** 63n)
const maxUint64 = 2n ** 64n - 1n
/** https://dev.mysql.com/doc/refman/8.4/en/precision-math-decimal-characteristics.html */
const maxDecimalDigits = 65

/**
 * The message that runs a prepared statement with the `width` values that begin at `from`. mysql2's own would send every number as DOUBLE,
 * which MySQL 8 refuses in LIMIT, and every bigint as a text, which compares as one.
 *
 * @throws {DriverFault} `data`: MySQL has nothing like the value
 */
export function encodeExecute(statementId: number, values: readonly WireValue[], from = 0, width = values.length): Message {
  const lengths: number[] = []
  let size = fixedBytes
  if (width > 0) size += ((width + 7) >> 3) + 1 + 2 * width
  for (let index = 0; index < width; index++) {
    const length = contentBytes(values[from + index] as WireValue)
    lengths.push(length)
    size += length
    if (isLengthCoded(values[from + index] as WireValue)) size += lengthBytes(length)
  }
  const message = Buffer.allocUnsafe(size)
  message[headerBytes] = Command.execute
  message.writeUInt32LE(statementId, headerBytes + 1)
  message[headerBytes + 5] = 0
  message.writeUInt32LE(1, headerBytes + 6)
  if (width > 0) writeParameters(message, { values, from, lengths })
  return message
}

/** About how many bytes the value takes in a message. */
export function parameterBytes(value: WireValue): number {
  if (typeof value === 'string') return 3 + value.length
  return value instanceof Uint8Array ? 3 + value.byteLength : 10
}

interface Parameters {
  readonly values: readonly WireValue[]
  readonly from: number
  /** Bytes of each value, without the length that may precede it. */
  readonly lengths: readonly number[]
}

function writeParameters(message: Message, { values, from, lengths }: Parameters): void {
  const width = lengths.length
  const bitmap = fixedBytes
  let at = bitmap + ((width + 7) >> 3)
  message.fill(0, bitmap, at)
  message[at++] = 1
  for (let index = 0; index < width; index++) {
    const value = values[from + index] as WireValue
    if (value === null) message[bitmap + (index >> 3)] = (message[bitmap + (index >> 3)] as number) | (1 << (index & 7))
    at = message.writeUInt16LE(typeOf(value), at)
  }
  for (let index = 0; index < width; index++) at = writeValue(message, at, values[from + index] as WireValue, lengths[index] as number)
}

function typeOf(value: WireValue): number {
  switch (typeof value) {
    case 'boolean':
      return FieldType.tiny
    case 'number':
      return isInteger(value) ? FieldType.longlong : FieldType.double
    case 'bigint':
      if (value > maxUint64 || value < minInt64) return FieldType.newdecimal
      return value > maxInt64 ? FieldType.longlong | unsignedFlag : FieldType.longlong
    case 'string':
      return FieldType.varString
    default:
      return value === null ? FieldType.null : FieldType.blob
  }
}

/** -0 is none: MySQL has no integer like it, but a DOUBLE. */
function isInteger(value: number): boolean {
  return Number.isSafeInteger(value) && !Object.is(value, -0)
}

function isLengthCoded(value: WireValue): boolean {
  const type = typeOf(value)
  return type === FieldType.varString || type === FieldType.blob || type === FieldType.newdecimal
}

function contentBytes(value: WireValue): number {
  switch (typeof value) {
    case 'boolean':
      return 1
    case 'number':
      if (!Number.isFinite(value))
        throw new DriverFault('data', 'MySQL has neither NaN nor Infinity.', { driverCode: 'ER_DATA_OUT_OF_RANGE' })
      return 8
    case 'bigint':
      return typeOf(value) === FieldType.newdecimal ? decimalBytes(value) : 8
    case 'string':
      return Buffer.byteLength(value)
    default:
      return value === null ? 0 : bytesOf(value).byteLength
  }
}

/** Arrays are refused before they cross. */
function bytesOf(value: object): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new DriverFault('data', 'MySQL has no arrays.')
}

function decimalBytes(value: bigint): number {
  const text = String(value)
  const digits = value < 0n ? text.length - 1 : text.length
  if (digits <= maxDecimalDigits) return text.length
  throw new DriverFault('data', `A bigint has ${digits} digits, and DECIMAL holds ${maxDecimalDigits}.`, {
    driverCode: 'ER_DATA_OUT_OF_RANGE',
  })
}

function writeValue(message: Message, at: number, value: WireValue, length: number): number {
  switch (typeof value) {
    case 'boolean':
      return message.writeUInt8(value ? 1 : 0, at)
    case 'number':
      if (!isInteger(value)) return message.writeDoubleLE(value, at)
      // As two halves, which need no bigint.
      message.writeUInt32LE(value >>> 0, at)
      return message.writeInt32LE(Math.floor(value / 2 ** 32), at + 4)
    case 'bigint':
      if (typeOf(value) === FieldType.newdecimal) return writeText(message, at, String(value), length)
      return message.writeBigUInt64LE(BigInt.asUintN(64, value), at)
    case 'string':
      return writeText(message, at, value, length)
    default: {
      if (value === null) return at
      const start = writeLength(message, at, length)
      message.set(bytesOf(value), start)
      return start + length
    }
  }
}

function writeText(message: Message, at: number, text: string, length: number): number {
  const start = writeLength(message, at, length)
  message.write(text, start, length)
  return start + length
}

function lengthBytes(length: number): number {
  if (length < 0xfb) return 1
  if (length <= 0xffff) return 3
  return length <= 0xffffff ? 4 : 9
}

function writeLength(message: Message, at: number, length: number): number {
  switch (lengthBytes(length)) {
    case 1:
      return message.writeUInt8(length, at)
    case 3:
      return message.writeUInt16LE(length, message.writeUInt8(0xfc, at))
    case 4:
      return message.writeUIntLE(length, message.writeUInt8(0xfd, at), 3)
    default:
      return message.writeBigUInt64LE(BigInt(length), message.writeUInt8(0xfe, at))
  }
}
