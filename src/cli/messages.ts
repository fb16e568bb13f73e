import { printableLines } from './printable.ts'
import { withoutPasswords } from './secrets.ts'
import { stderr } from './text-output.ts'

/** Says something to whoever sits before the command, on stderr: without passwords, and without anything that a terminal obeys. */
export function say(message: string): void {
  stderr.say(`${printableLines(withoutPasswords(message))}\n`)
}

/** A number as people write it: 1,234,567. */
export function count(value: number | bigint, one = '', many = `${one}s`): string {
  const digits = value.toLocaleString('en-US')
  return one === '' ? digits : `${digits} ${Number(value) === 1 ? one : many}`
}

/** `3 ms`, `1.25 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  // Rounded first: 59.999 seconds are a minute, and no minute has 60.
  if (ms < 59_995) return `${(ms / 1_000).toFixed(2)} s`
  const seconds = Math.round(ms / 1_000)
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
