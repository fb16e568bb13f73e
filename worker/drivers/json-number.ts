/**
 * Whether JavaScript reads the number that a literal of JSON writes: it has the digits that JavaScript writes of the number itself, or of a whole
 * one all that it has.
 */
export function isReadExactly(literal: string): boolean {
  const value = Number(literal)
  if (!Number.isFinite(value)) return false
  if (isSame(literal, String(value))) return true
  return /^-?\d+$/.test(literal) && BigInt(literal) === BigInt(value)
}

function isSame(literal: string, other: string): boolean {
  const [one, two] = [toDecimal(literal), toDecimal(other)]
  return one.digits === two.digits && (one.digits === '' || one.exponent === two.exponent)
}

/** Digits without the zeros before and behind them, and the power of ten they are to be multiplied with. */
function toDecimal(literal: string): { readonly digits: string; readonly exponent: number } {
  const [, whole = '', fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(literal) ?? []
  const all = `${whole}${fraction}`
  const digits = all.replace(/0+$/, '')
  return { digits: digits.replace(/^0+/, ''), exponent: Number(exponent) - fraction.length + (all.length - digits.length) }
}
