import { Random } from './random.ts'

const letters = 'ghijklmnpqrtuvwxyz'
const prefix = ['s3', 'cr3t'].join('')

/** The canary of one process: a password and a parameter that nothing else looks like. No source line holds it, for those are printed. */
export function canaryOf(seed: number): string {
  const random = new Random(seed)
  const tail = Array.from({ length: 12 }, () => random.pick([...letters]))
  return `${prefix}-${tail.join('')}`
}

/** Finds a canary in a text, as it is, in pieces, and in the disguises in which Node.js and databases write texts and bytes. */
export class CanaryFinder {
  readonly #needles: readonly (readonly [disguise: string, needle: string])[]

  constructor(canary: string) {
    const bytes = Buffer.from(canary)
    const hex = bytes.toString('hex')
    const halves = [canary.slice(7, 13), canary.slice(13)]
    this.#needles = [
      ['its beginning', prefix],
      ...halves.map((half) => ['a piece of it', half] as const),
      ['hexadecimal', hex],
      ['a printed Buffer', spaced(hex, ' ')],
      ['percent-encoded bytes', `%${spaced(hex, '%')}`],
      ['a list of bytes', [...bytes].join(',')],
      ['a printed list of bytes', [...bytes].join(', ')],
      ['a list of bytes, a line each', [...bytes].join(',\n')],
      ...base64s(bytes).map((text) => ['base64', text] as const),
      ['UTF-16', bytes.toString('latin1').split('').join('\0')],
      ['backwards', [...canary].reverse().join('')],
    ].map(([disguise, needle]) => [disguise as string, (needle as string).toLowerCase()])
  }

  /** The disguises in which it is there. */
  find(text: string): readonly string[] {
    const lower = text.toLowerCase()
    return this.#needles.filter(([, needle]) => lower.includes(needle)).map(([disguise]) => disguise)
  }
}

function spaced(hex: string, separator: string): string {
  return (hex.match(/../g) ?? []).join(separator)
}

/** What base64 makes of the bytes wherever they begin; the letters that hang on their neighbours are left out. */
function base64s(bytes: Buffer): readonly string[] {
  return [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replaceAll('=', '')
    return text.slice(shift === 0 ? 0 : shift + 1, -1)
  })
}
