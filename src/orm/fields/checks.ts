/** What a check finds wrong. */
export interface Fault {
  readonly code: string
  readonly message: string
}

/** A value as it is stored, or what is wrong with it. */
export type Checked = { readonly value: unknown; readonly fault?: undefined } | { readonly fault: Fault }

/** Checks one value, never null or undefined, and gives it as it is stored. */
export type Check = (value: unknown) => Checked

export function ok(value: unknown): Checked {
  return { value }
}

export function fault(code: string, message: string): Checked {
  return { fault: { code, message } }
}

/** What several kinds of field can be told about their values. */
export interface ValueRules {
  readonly allowNull?: boolean | undefined
  /** Of texts: '' is a value. Default: false. */
  readonly allowBlank?: boolean | undefined
  readonly maxLength?: number | undefined
  readonly minLength?: number | undefined
  readonly minimum?: number | undefined
  readonly maximum?: number | undefined
  readonly exclusiveMinimum?: number | undefined
  readonly exclusiveMaximum?: number | undefined
  readonly multipleOf?: number | undefined
  readonly precision?: number | undefined
  readonly pattern?: RegExp | string | undefined
  readonly choices?: readonly unknown[] | undefined
}

/** The value is one of those that the field names, if it names any. */
export function among(choices: readonly unknown[] | undefined, check: Check): Check {
  if (choices === undefined) return check
  return (given) => {
    const checked = check(given)
    return checked.fault !== undefined || choices.includes(checked.value) ? checked : fault('choice', 'Not a valid choice.')
  }
}

/** Texts: without blanks at their ends, as forms send them. Lengths are counted in characters. */
export function textCheck(rules: ValueRules): Check {
  const pattern = typeof rules.pattern === 'string' ? new RegExp(rules.pattern) : rules.pattern
  return (given) => {
    if (typeof given !== 'string') return fault('type', 'Must be a string.')
    const text = given.replaceAll('\0', '').trim()
    if (text === '') {
      if (rules.allowBlank === true) return ok(text)
      return rules.allowNull === true ? ok(null) : fault('blank', 'Must not be blank.')
    }
    if (rules.minLength !== undefined && [...text].length < rules.minLength) {
      return fault('min_length', `Must have at least ${rules.minLength} characters.`)
    }
    if (rules.maxLength !== undefined && text.length > rules.maxLength && [...text].length > rules.maxLength) {
      return fault('max_length', `Must have no more than ${rules.maxLength} characters.`)
    }
    if (!text.isWellFormed()) return fault('type', 'Must be a string.')
    // A sticky or global expression remembers where it stopped.
    if (pattern !== undefined && text.search(pattern) < 0) return fault('pattern', `Must match the pattern ${pattern}.`)
    return ok(text)
  }
}

/** Numbers; a text that is one, as forms send it, counts as one. */
export function numberCheck(rules: ValueRules, whole: boolean): Check {
  return (given) => {
    if (given === '' && rules.allowNull === true) return ok(null)
    const number = typeof given === 'string' && given.trim() !== '' ? Number(given) : given
    if (typeof number !== 'number' || Number.isNaN(number)) return fault('type', 'Must be a number.')
    if (!Number.isFinite(number)) return fault('finite', 'Must be finite.')
    if (whole && !Number.isInteger(number)) return fault('integer', 'Must be an integer.')
    if (whole && !Number.isSafeInteger(number)) return fault('integer', 'Must be an integer within 2^53.')
    // SQL has one 0 among its integers.
    if (whole) return withinBounds(number + 0, number, rules)
    // toFixed() rounds the number as it is, and halves away from 0.
    const rounded = rules.precision === undefined ? number : Number(number.toFixed(rules.precision))
    return withinBounds(rounded, rounded, rules)
  }
}

function withinBounds(value: unknown, number: number | bigint, rules: ValueRules): Checked {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = rules
  if (minimum !== undefined && number < minimum) return fault('minimum', `Must be greater than or equal to ${minimum}.`)
  if (exclusiveMinimum !== undefined && number <= exclusiveMinimum)
    return fault('exclusive_minimum', `Must be greater than ${exclusiveMinimum}.`)
  if (maximum !== undefined && number > maximum) return fault('maximum', `Must be less than or equal to ${maximum}.`)
  if (exclusiveMaximum !== undefined && number >= exclusiveMaximum)
    return fault('exclusive_maximum', `Must be less than ${exclusiveMaximum}.`)
  if (multipleOf !== undefined && !isMultiple(number, multipleOf)) return fault('multiple_of', `Must be a multiple of ${multipleOf}.`)
  return ok(value)
}

/** 0.3 is one of 0.1, although 0.3 / 0.1 is less than 3. */
function isMultiple(number: number | bigint, of: number): boolean {
  if (typeof number === 'bigint' && Number.isInteger(of)) return number % BigInt(of) === 0n
  const quotient = Number(number) / of
  return Math.abs(quotient - Math.round(quotient)) <= Number.EPSILON * Math.max(1, Math.abs(quotient))
}

export function bigintCheck(rules: ValueRules): Check {
  return (given) => {
    if (given === '' && rules.allowNull === true) return ok(null)
    if (typeof given === 'bigint')
      return BigInt.asIntN(64, given) === given ? withinBounds(given, given, rules) : fault('maximum', 'Must be an integer of 64 bits.')
    const checked = typeof given === 'string' && /^[+-]?\d{1,19}$/.test(given) ? ok(BigInt(given)) : numberCheck(rules, true)(given)
    if (checked.fault !== undefined || checked.value === null) return checked
    return bigintCheck(rules)(BigInt(checked.value as bigint | number))
  }
}

/** Decimal numbers as texts. */
export function decimalCheck(rules: ValueRules & { readonly maxDigits: number; readonly decimalPlaces: number }): Check {
  return (given) => {
    if (given === '' && rules.allowNull === true) return ok(null)
    const text = typeof given === 'number' || typeof given === 'bigint' ? String(given) : given
    const parts = typeof text === 'string' ? /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text) : null
    if (parts === null || (parts[2] === '' && (parts[3] ?? '') === '')) return fault('type', 'Must be a number.')
    const [, sign = '', whole = '', fraction = ''] = parts
    if (fraction.replace(/0+$/, '').length > rules.decimalPlaces)
      return fault('precision', `Must have no more than ${rules.decimalPlaces} decimal places.`)
    if (whole.replace(/^0+/, '').length > rules.maxDigits - rules.decimalPlaces)
      return fault('max_digits', `Must have no more than ${rules.maxDigits} digits.`)
    return withinBounds(canonical({ sign, whole, fraction }, rules.decimalPlaces), Number(text), rules)
  }
}

/** As it will be read: 7 is '7.00', and -0 is '0.00'. */
function canonical(
  { sign, whole, fraction }: { readonly sign: string; readonly whole: string; readonly fraction: string },
  places: number,
): string {
  const digits = `${whole.replace(/^0+/, '') || '0'}.${fraction.padEnd(places, '0').slice(0, places)}`.replace(/\.$/, '')
  return sign === '-' && /[1-9]/.test(digits) ? `-${digits}` : digits
}

const booleans: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  ['true', true],
  ['on', true],
  ['1', true],
  [1, true],
  [false, false],
  ['false', false],
  ['off', false],
  ['0', false],
  [0, false],
  ['', false],
])

/** true and false, and the words that forms send for them. */
export function booleanCheck({ allowNull }: ValueRules): Check {
  return (given) => {
    if (allowNull === true && (given === '' || given === 'null' || given === 'none')) return ok(null)
    const value = booleans.get(typeof given === 'string' ? given.toLowerCase() : given)
    return value === undefined ? fault('type', 'Must be a boolean.') : ok(value)
  }
}
