/**
 * What must not reach a terminal out of a database: control characters, which can move the cursor and set a title, line and paragraph
 * separators, what turns the direction of the text, and characters without any width.
 */
const unprintable = /[\p{Cc}\u2028\u2029\u00AD\u061C\u200B\u200E\u200F\u202A-\u202E\u2060-\u206F\uFEFF]/gu

const names: Readonly<Record<string, string>> = { '\0': '\\0', '\t': '\\t', '\n': '\\n', '\r': '\\r', '\x1b': '\\e' }

/** A text on one line, of characters that a terminal shows. */
export function printable(text: string): string {
  return text.replace(unprintable, escapeOf)
}

/** The same for texts of several lines, as CSV on a terminal is, and error messages. */
export function printableLines(text: string): string {
  return text.replace(unprintable, (character) => (character === '\n' || character === '\t' ? character : escapeOf(character)))
}

/** JSON has escapes of its own, which every reader of it understands. */
export function printableJson(text: string): string {
  return text.replace(unprintable, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function escapeOf(character: string): string {
  const code = character.charCodeAt(0)
  return names[character] ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`)
}
