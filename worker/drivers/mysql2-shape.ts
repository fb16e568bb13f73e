import type { WireColumn } from '../../src/protocol/values.ts'
import type { DriverRow } from './driver.ts'
import { FieldFlag } from './mysql-field-types.ts'
import { PacketReader } from './mysql-packet.ts'
import { binaryDecoder, type Decode, readBinaryRow, readFieldDefinition, readTextRow, textDecoder, toWireColumn } from './mysql2-types.ts'

/** The columns of a statement's results. The server sends them with every result; they are parsed only when they have changed. */
export class ResultShape {
  /** The same array as long as the columns are the same. */
  columns: readonly WireColumn[] = []
  /** Which column holds the auto-increment value; -1 for none. */
  autoIncrement = -1
  readonly #binary: boolean
  readonly #extended: boolean
  #definitions: readonly Buffer[] = []
  #decoders: readonly Decode[] = []

  /** `binary` is the protocol of its rows; `extended` says that MariaDB's own types are told. */
  constructor(binary: boolean, extended: boolean) {
    this.#binary = binary
    this.#extended = extended
  }

  /** Takes in the columns of a result, a packet each. */
  update(definitions: readonly Buffer[]): void {
    if (isSame(definitions, this.#definitions)) return
    // Copied: they are parts of what the socket has read, and would keep all of it.
    this.#definitions = definitions.map((definition) => Buffer.from(definition))
    const packet = new PacketReader()
    const fields = this.#definitions.map((bytes) => readFieldDefinition(packet.read(bytes, 0, bytes.length), this.#extended))
    this.columns = fields.map(toWireColumn)
    this.#decoders = fields.map(this.#binary ? binaryDecoder : textDecoder)
    this.autoIncrement = fields.findIndex(({ flags }) => (flags & FieldFlag.autoIncrement) !== 0)
  }

  /** How a row of the result that came last is read, also when others have come since. */
  rowReader(): (packet: PacketReader) => DriverRow {
    const decoders = this.#decoders
    return this.#binary ? (packet) => readBinaryRow(packet, decoders) : (packet) => readTextRow(packet, decoders)
  }
}

function isSame(some: readonly Buffer[], others: readonly Buffer[]): boolean {
  return some.length === others.length && some.every((definition, index) => definition.equals(others[index] as Buffer))
}
