import { isIP } from 'node:net'
import { toJson } from '../../schema/types/json.ts'
import { isDay, withoutZeros } from '../../schema/types/temporal.ts'
import { type Check, fault, ok, textCheck, type ValueRules } from './checks.ts'

const dayForm = /^\d{4}-\d{2}-\d{2}$/

/** Days as texts; a Date's day in UTC. */
export function dateCheck(): Check {
  return (given) => {
    if (given instanceof Date)
      return Number.isNaN(given.getTime()) ? fault('invalid', 'Must be a real date.') : ok(given.toISOString().slice(0, 10))
    if (typeof given !== 'string' || !dayForm.test(given)) return fault('format', 'Must be a valid date format.')
    return isDay(given) ? ok(given) : fault('invalid', 'Must be a real date.')
  }
}

export function timeCheck(): Check {
  return (given) => {
    if (typeof given !== 'string') return fault('format', 'Must be a valid time format.')
    const parts = /^(\d{2}):(\d{2})(?::(\d{2})(\.\d{1,6})?)?$/.exec(given)
    if (parts === null) return fault('format', 'Must be a valid time format.')
    const [, hours, minutes, seconds = '00', fraction = ''] = parts
    if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return fault('invalid', 'Must be a real time.')
    if (fraction.replace(/0+$/, '').length > 4) return fault('format', 'Must be a valid time format.')
    return ok(withoutZeros(`${hours}:${minutes}:${seconds}${fraction.slice(0, 4)}`))
  }
}

const momentForm = /^(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/i

/** Moments as Dates; an ISO 8601 text, as JSON has it, is one, in UTC where it names no zone. */
export function dateTimeCheck(): Check {
  return (given) => {
    if (given instanceof Date) return Number.isNaN(given.getTime()) ? fault('invalid', 'Must be a real datetime.') : ok(new Date(given))
    const parts = typeof given === 'string' ? momentForm.exec(given) : null
    if (parts === null) return fault('format', 'Must be a valid datetime format.')
    const [text, day = '', zone] = parts
    const date = new Date(`${text.replace(' ', 'T')}${zone === undefined ? 'Z' : ''}`)
    return Number.isNaN(date.getTime()) || !isDay(day) ? fault('invalid', 'Must be a real datetime.') : ok(date)
  }
}

const uuidForm = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i

export function uuidCheck(): Check {
  return (given) => {
    if (typeof given !== 'string' || !uuidForm.test(given)) return fault('format', 'Must be a valid UUID format.')
    const digits = given.toLowerCase().replaceAll('-', '')
    return ok(digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'))
  }
}

/** What HTML takes for an address. https://html.spec.whatwg.org/#valid-e-mail-address */
const emailForm = /^[\w.!#$%&'*+/=?^`{|}~-]+@[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?)+$/i

export function emailCheck(rules: ValueRules): Check {
  return formatted(rules, (text) => emailForm.test(text), fault('format', 'Must be a valid email format.'))
}

export function urlCheck(rules: ValueRules): Check {
  return formatted(rules, (text) => URL.parse(text)?.hostname !== '' && URL.canParse(text), fault('invalid', 'Must be a real URL.'))
}

export function ipAddressCheck(rules: ValueRules): Check {
  return formatted(rules, (text) => isIP(text) !== 0, fault('format', 'Must be a valid IP format.'))
}

function formatted(rules: ValueRules, matches: (text: string) => boolean, otherwise: ReturnType<Check>): Check {
  const check = textCheck(rules)
  return (given) => {
    const checked = check(given)
    if (checked.fault !== undefined || typeof checked.value !== 'string' || checked.value === '') return checked
    return matches(checked.value) ? checked : otherwise
  }
}

/** What JSON can hold. */
export function jsonCheck(): Check {
  return (given) => {
    try {
      toJson(given, '')
      return ok(given)
    } catch {
      return fault('type', 'Must be a value of JSON.')
    }
  }
}
