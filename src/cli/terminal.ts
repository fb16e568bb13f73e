import { styleText } from 'node:util'

export type Style = Parameters<typeof styleText>[0]

/** One of the two streams that the command writes to, and what can be shown on it. */
export interface Screen {
  readonly isTerminal: boolean
  /** In cells; null where it is no terminal. */
  readonly width: number | null
  /** Whether letters beyond ASCII, such as lines and marks, are shown. */
  readonly unicode: boolean
  /** The text in a colour, where the stream shows any: NO_COLOR, FORCE_COLOR and a pipe are looked at. */
  paint(style: Style, text: string): string
}

export function screenOf(stream: NodeJS.WriteStream): Screen {
  const isTerminal = stream.isTTY === true
  return {
    isTerminal,
    // Asked each time: a window is made larger and smaller.
    get width() {
      return isTerminal ? stream.columns || 80 : null
    },
    unicode: isTerminal && showsUnicode(process.env),
    paint: (style, text) => styleText(style, text, { stream }),
  }
}

/** By the variables of POSIX, the strongest first; Windows has a terminal that does. */
function showsUnicode({ LC_ALL, LC_CTYPE, LANG, TERM }: NodeJS.ProcessEnv): boolean {
  if (process.platform === 'win32') return true
  return TERM !== 'linux' && TERM !== 'dumb' && /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '')
}
