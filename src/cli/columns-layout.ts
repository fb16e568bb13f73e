import measure from 'fast-string-truncated-width'
import { printable } from './printable.ts'

/** The cells that a text takes on a terminal: two for a wide letter or an emoji, none for an accent. */
export function widthOf(text: string): number {
  return isPlain(text) ? text.length : measure(text, { limit: Number.POSITIVE_INFINITY }).width
}

/** The text in no more than so many cells, with a mark where something was cut off. */
export function cutTo(text: string, width: number, mark: string): string {
  if (text.length <= width && isPlain(text)) return text
  const { truncated, ellipsed, index } = measure(text, { limit: width, ellipsis: mark, ellipsisWidth: mark.length })
  if (!truncated) return text
  return ellipsed ? text.slice(0, index) + mark : mark.slice(0, width)
}

/** The text with blanks to make it as wide as that. */
export function padTo(text: string, width: number, side: 'left' | 'right'): string {
  const blanks = ' '.repeat(Math.max(width - widthOf(text), 0))
  return side === 'left' ? blanks + text : text + blanks
}

/**
 * Widths of columns that are no wider in all than `room`: the widest are made narrower.
 *
 * @param least how narrow each may become
 * @returns null where they do not fit even so
 */
export function fitWidths(widths: readonly number[], room: number, least: readonly number[]): readonly number[] | null {
  const limited = (limit: number): readonly number[] => widths.map((width, at) => Math.min(width, Math.max(limit, least[at] ?? 0)))
  const fits = (limit: number): boolean => limited(limit).reduce((sum, width) => sum + width, 0) <= room
  let high = Math.max(...widths)
  if (fits(high)) return widths
  if (!fits(0)) return null
  let low = 0
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (fits(middle)) low = middle
    else high = middle
  }
  return limited(low)
}

/**
 * A text on one line of so many characters at most: of a value of megabytes only the beginning is looked at.
 *
 * @param mark how a cut is shown
 */
export function shortened(text: string, length: number, mark: string): string {
  if (text.length <= length) return printable(text)
  const cut = text.slice(0, length)
  return `${printable(cut.isWellFormed() ? cut : cut.slice(0, -1))}${mark}`
}

function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text)
}
