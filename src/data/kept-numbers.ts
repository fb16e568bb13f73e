/**
 * The whole number that a text is, in as many bits as SQLite has for one; null where it does not fit. A JavaScript number where that is exact.
 */
export function integerOf64Bits(text: string): number | bigint | null {
  if (!/^[+-]?\d+$/.test(text)) return null
  const number = Number(text)
  if (Number.isSafeInteger(number)) return number
  const integer = BigInt(text.replace('+', ''))
  return BigInt.asIntN(64, integer) === integer ? integer : null
}

/** The number of 64 bits that keeps every digit of a decimal text: a whole one, or one with a floating point; null where there is none. */
export function keptNumber(text: string): number | bigint | null {
  const integer = integerOf64Bits(text)
  if (integer !== null) return integer
  const digits = digitsOf(text)
  const number = Number(text)
  return digits !== null && digits === digitsOf(String(number)) ? number : null
}

const decimal = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i

/** The same text for the same number, however it is written; null where it is none. */
function digitsOf(text: string): string | null {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = decimal.exec(text) ?? []
  if (whole === '' && fraction === '') return null
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  const power = Number(exponent) - fraction.length + digits.length - significant.length
  return significant === '' ? '0' : `${sign === '-' ? '-' : ''}${significant}e${power}`
}
