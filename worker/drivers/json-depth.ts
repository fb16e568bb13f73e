/** Cloning a value between threads recurses: a stack of the usual size has room for some 3,000 levels. */
export const maxJsonDepth = 1_000

const code = (character: string): number => character.charCodeAt(0)
const [quote, backslash] = [code('"'), code('\\')]
const [openArray, closeArray, openObject, closeObject] = [code('['), code(']'), code('{'), code('}')]

/** Whether arrays and objects in this JSON text stand inside each other so often that it could not be handed over to another thread. */
export function isNestedTooDeep(text: string): boolean {
  // Each level has two characters of its own.
  if (text.length <= 2 * maxJsonDepth) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === quote) at = endOfString(text, at)
    else if (character === openArray || character === openObject) {
      if (++depth > maxJsonDepth) return true
    } else if (character === closeArray || character === closeObject) depth--
  }
  return false
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === backslash) backslashes++
  return backslashes % 2 === 1
}
