import type { PacketReader } from './mysql-packet.ts'

const twoDigits = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'))

/** DATETIME has no time zone; TIMESTAMP is in the session's, which is UTC. */
export type ZoneMark = '' | 'Z'

/** DATE of the binary protocol: '2026-01-02', and '0000-00-00' as it is. */
export function readDate(packet: PacketReader): string {
  const length = packet.byte()
  if (length === 0) return '0000-00-00'
  const date = readYearMonthDay(packet)
  packet.offset += length - 4
  return date
}

/** DATETIME and TIMESTAMP of the binary protocol, which leaves out the time of midnight, and microseconds that are 0. */
export function readDateTime(packet: PacketReader, zone: ZoneMark): string {
  const length = packet.byte()
  const date = length >= 4 ? readYearMonthDay(packet) : '0000-00-00'
  const time = length >= 7 ? readClock(packet) : '00:00:00'
  return formatDateTime(date, time, length >= 11 ? packet.uint32() : 0, zone)
}

/** DATETIME and TIMESTAMP of the text protocol. */
export function parseDateTime(text: string, zone: ZoneMark): string {
  return formatDateTime(text.slice(0, 10), text.slice(11, 19) || '00:00:00', Number(text.slice(20).padEnd(6, '0')), zone)
}

/** TIME of the binary protocol, as the server would write it: '-838:59:59', and as many digits of a fraction as the column has. */
export function readTime(packet: PacketReader, decimals: number): string {
  const length = packet.byte()
  if (length === 0) return `00:00:00${fractionOf(0, decimals)}`
  const sign = packet.byte() === 0 ? '' : '-'
  const days = packet.uint32()
  const hours = days * 24 + packet.byte()
  const clock = `${twoDigits[hours] ?? hours}:${twoDigits[packet.byte()]}:${twoDigits[packet.byte()]}`
  return `${sign}${clock}${fractionOf(length >= 12 ? packet.uint32() : 0, decimals)}`
}

function readYearMonthDay(packet: PacketReader): string {
  return `${String(packet.uint16()).padStart(4, '0')}-${twoDigits[packet.byte()]}-${twoDigits[packet.byte()]}`
}

function readClock(packet: PacketReader): string {
  return `${twoDigits[packet.byte()]}:${twoDigits[packet.byte()]}:${twoDigits[packet.byte()]}`
}

/** The same in both protocols: at least milliseconds, and microseconds where there are any. A date that is none stays as the server writes it. */
function formatDateTime(date: string, time: string, microseconds: number, zone: ZoneMark): string {
  const digits = String(microseconds).padStart(6, '0')
  if (date.slice(5, 7) === '00' || date.slice(8, 10) === '00') {
    return microseconds === 0 ? `${date} ${time}` : `${date} ${time}.${digits}`
  }
  const fraction = microseconds % 1000 === 0 ? digits.slice(0, 3) : digits.replace(/0+$/, '')
  return `${date}T${time}.${fraction}${zone}`
}

/** Beyond 6 `decimals` means that the server does not know how many there are. */
function fractionOf(microseconds: number, decimals: number): string {
  if (decimals > 6) return microseconds === 0 ? '' : `.${String(microseconds).padStart(6, '0')}`
  return decimals === 0 ? '' : `.${String(microseconds).padStart(6, '0').slice(0, decimals)}`
}
