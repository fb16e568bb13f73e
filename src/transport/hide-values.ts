import type { WireValue } from '../protocol/values.ts'

/** A statement as far as its errors repeat it: its text may be shown, its values may not. */
export interface StatementContext {
  readonly sql?: string | undefined
  readonly values?: readonly WireValue[] | undefined
}

/** A value that is shorter is hidden only where a message quotes it: anywhere else it would be a word of the message's own. */
const minWordLength = 4

/**
 * SQLite repeats values in some of its messages, whole or in part: `bad JSON path: '…'`, `no such column: …` of a full-text search,
 * `malformed MATCH expression: […]`. What stands in quotes, in brackets or behind a colon and is part of a value becomes `***`, unless the
 * statement's text says the same.
 */
export function hideValues(message: string, { sql = '', values = [] }: StatementContext, ofSqlite: boolean): string {
  const known = values.filter((value) => !isMoved(value))
  const moved = ofSqlite && known.length < values.length
  const texts = known.map(textOf).filter((text) => text !== '')
  if (texts.length === 0 && !moved) return message
  const isSecret = (piece: string): boolean => piece !== '' && !sql.includes(piece) && texts.some((text) => text.includes(piece))
  const mayBeSecret = (piece: string): boolean => isSecret(piece) || (moved && piece !== '' && !sql.includes(piece))
  let shown = message
  for (const text of texts) if (text.length >= minWordLength && isSecret(text)) shown = shown.replaceAll(text, '***')
  return hideTail(shown, isSecret)
    .replace(/\[(.*)\]/gs, (quoted, piece: string) => (mayBeSecret(piece) ? '[***]' : quoted))
    .replace(/'((?:[^']|'')*)'/g, (quoted, piece: string) => (mayBeSecret(piece.replaceAll("''", "'")) ? "'***'" : quoted))
    .replace(/"([^"]*)"/g, (quoted, piece: string) => (mayBeSecret(piece) ? '"***"' : quoted))
}

function hideTail(message: string, isSecret: (piece: string) => boolean): string {
  for (let colon = message.indexOf(': '); colon !== -1; colon = message.indexOf(': ', colon + 2)) {
    if (isSecret(message.slice(colon + 2))) return `${message.slice(0, colon + 2)}***`
  }
  return message
}

function isMoved(value: WireValue): boolean {
  return value instanceof Uint8Array && value.buffer instanceof ArrayBuffer && value.buffer.detached
}

function textOf(value: WireValue): string {
  if (value === null) return ''
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString() : String(value)
}
