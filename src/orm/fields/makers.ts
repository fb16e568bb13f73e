import { ArgumentError } from '../../errors.ts'
import type { KnownOptions } from '../../schema/column-options.ts'
import type { JsonInput, JsonValue } from '../../schema/json-value.ts'
import { BigIntegerType, IntegerType } from '../../schema/types/integers.ts'
import { JsonType } from '../../schema/types/json.ts'
import { BooleanType, FloatType, NumericType } from '../../schema/types/numbers.ts'
import { DateTimeType, DateType, TimeType } from '../../schema/types/temporal.ts'
import { EnumerationType, StringType, TextType, UuidType } from '../../schema/types/texts.ts'
import { bigintCheck, booleanCheck, type Check, decimalCheck, numberCheck, textCheck, type ValueRules } from './checks.ts'
import { Field, type FieldOptions } from './field.ts'
import { dateCheck, dateTimeCheck, emailCheck, ipAddressCheck, jsonCheck, timeCheck, urlCheck, uuidCheck } from './format-checks.ts'

// biome-ignore lint/complexity/noBannedTypes: the options of a field that was told nothing
type None = {}

interface NumberOptions<V> extends FieldOptions<V> {
  readonly minimum?: number | undefined
  readonly maximum?: number | undefined
  /** Values are greater. */
  readonly exclusiveMinimum?: number | undefined
  /** Values are less. */
  readonly exclusiveMaximum?: number | undefined
  readonly multipleOf?: number | undefined
}

interface FloatOptions extends NumberOptions<number> {
  /** Values are rounded to so many decimal places, halves away from 0. */
  readonly precision?: number | undefined
}

/** What fields of texts can be told. Lengths are in characters. */
interface TextOptions extends FieldOptions<string> {
  readonly maxLength?: number | undefined
  readonly minLength?: number | undefined
  readonly pattern?: RegExp | string | undefined
  /** '' is a value, and the default. Default: false. */
  readonly allowBlank?: boolean | undefined
}

interface MomentOptions<V> extends FieldOptions<V> {
  /** Set to the present at each update. */
  readonly autoNow?: boolean | undefined
  /** Set to the present when it is created. */
  readonly autoNowAdd?: boolean | undefined
}

const bounds = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf']
const textOptions = ['maxLength', 'minLength', 'pattern', 'allowBlank']

/** Whole numbers: 32 bits on a server, up to 2^53 in SQLite. */
export function integer<const O extends KnownOptions<O, NumberOptions<number>> = None>(options?: O): Field<number, number, O, 'integer'> {
  return new Field({ kind: 'integer', type: new IntegerType('integer'), check: numberCheck(rulesOf(options), true), own: bounds }, options)
}

/** Whole numbers of 64 bits, as bigints. */
export function bigInteger<const O extends KnownOptions<O, NumberOptions<bigint | number>> = None>(
  options?: O,
): Field<bigint, bigint | number, O, 'bigInteger'> {
  return new Field({ kind: 'bigInteger', type: new BigIntegerType(), check: bigintCheck(rulesOf(options)), own: bounds }, options)
}

/** @throws {ArgumentError} `precision` is no number of decimal places */
export function float<const O extends KnownOptions<O, FloatOptions> = None>(options?: O): Field<number, number, O, 'float'> {
  const { precision = 0 } = options ?? {}
  if (!Number.isInteger(precision) || precision < 0 || precision > 100)
    throw new ArgumentError('float() takes { precision }: a number of decimal places, 0 to 100.')
  const check = numberCheck(rulesOf(options), false)
  return new Field({ kind: 'float', type: new FloatType(), check, own: [...bounds, 'precision'] }, options)
}

/**
 * Decimal numbers of `maxDigits` digits, `decimalPlaces` of them behind the point, as texts.
 *
 * @throws {ArgumentError} one of the two is missing
 */
export function decimal<
  const O extends KnownOptions<O, NumberOptions<string | number> & { readonly maxDigits: number; readonly decimalPlaces: number }>,
>(options: O): Field<string, string | number, O, 'decimal'> {
  const { maxDigits, decimalPlaces } = options ?? {}
  if (!Number.isInteger(maxDigits) || !Number.isInteger(decimalPlaces))
    throw new ArgumentError('decimal() takes { maxDigits, decimalPlaces }.')
  const check = decimalCheck({ ...rulesOf(options), maxDigits, decimalPlaces })
  const own = [...bounds, 'maxDigits', 'decimalPlaces']
  return new Field({ kind: 'decimal', type: new NumericType(maxDigits, decimalPlaces), check, own }, options)
}

/** true or false. */
export function boolean<const O extends KnownOptions<O, FieldOptions<boolean>> = None>(options?: O): Field<boolean, boolean, O, 'boolean'> {
  return new Field({ kind: 'boolean', type: new BooleanType(), check: booleanCheck(rulesOf(options)), own: [] }, options)
}

/**
 * Texts of at most `maxLength` characters.
 *
 * @throws {ArgumentError} there is no maxLength
 */
export function string<const O extends KnownOptions<O, TextOptions & { readonly maxLength: number }>>(
  options: O,
): Field<string, string, O, 'string'> {
  return new Field({ kind: 'string', type: bounded('string', options), check: textCheck(rulesOf(options)), own: textOptions }, options)
}

/** Texts of any length. */
export function text<const O extends KnownOptions<O, TextOptions> = None>(options?: O): Field<string, string, O, 'text'> {
  return new Field({ kind: 'text', type: new TextType(), check: textCheck(rulesOf(options)), own: textOptions }, options)
}

/** Days, as texts 'YYYY-MM-DD'. */
export function date<const O extends KnownOptions<O, MomentOptions<string | Date>> = None>(
  options?: O,
): Field<string, string | Date, O, 'date'> {
  return moment('date', new DateType(), dateCheck(), options)
}

/** Moments, as Dates. */
export function dateTime<const O extends KnownOptions<O, MomentOptions<Date> & { readonly timezone?: boolean | undefined }> = None>(
  options?: O,
): Field<Date, Date, O, 'dateTime'> {
  return moment('dateTime', new DateTimeType(options?.timezone ?? false), dateTimeCheck(), options)
}

/** Times of the day, as texts 'HH:MM:SS' or 'HH:MM:SS.sss'. */
export function time<const O extends KnownOptions<O, FieldOptions<string>> = None>(options?: O): Field<string, string, O, 'time'> {
  return new Field({ kind: 'time', type: new TimeType(), check: timeCheck(), own: [] }, options)
}

/** JSON documents, as the values they describe. */
export function json<const O extends KnownOptions<O, FieldOptions<JsonInput>> = None>(options?: O): Field<JsonValue, JsonInput, O, 'json'> {
  return new Field({ kind: 'json', type: new JsonType(), check: jsonCheck(), own: [] }, options)
}

/** One of the texts in the list. */
export function enumeration<
  const V extends string,
  const O extends KnownOptions<O, FieldOptions<V> & { readonly name?: string | undefined }> = None,
>(values: readonly V[], options?: O): Field<V, V, O, 'enumeration'> {
  const check: Check = (value) =>
    (values as readonly unknown[]).includes(value) ? { value } : { fault: { code: 'choice', message: 'Not a valid choice.' } }
  return new Field({ kind: 'enumeration', type: new EnumerationType(values, options?.name), check, own: ['name'] }, options)
}

/** UUIDs, as texts in small letters. */
export function uuid<const O extends KnownOptions<O, FieldOptions<string>> = None>(options?: O): Field<string, string, O, 'uuid'> {
  return new Field({ kind: 'uuid', type: new UuidType(), check: uuidCheck(), own: [] }, options)
}

/** Addresses of electronic mail, of at most 255 characters unless `maxLength` says otherwise. */
export function email<const O extends KnownOptions<O, TextOptions> = None>(options?: O): Field<string, string, O, 'email'> {
  return new Field(
    { kind: 'email', type: bounded('email', options, 255), check: emailCheck({ maxLength: 255, ...rulesOf(options) }), own: textOptions },
    options,
  )
}

/** URLs, of at most 255 characters unless `maxLength` says otherwise. */
export function url<const O extends KnownOptions<O, TextOptions> = None>(options?: O): Field<string, string, O, 'url'> {
  return new Field(
    { kind: 'url', type: bounded('url', options, 255), check: urlCheck({ maxLength: 255, ...rulesOf(options) }), own: textOptions },
    options,
  )
}

/** Addresses of the Internet Protocol, version 4 or 6, as texts. */
export function ipAddress<const O extends KnownOptions<O, FieldOptions<string>> = None>(
  options?: O,
): Field<string, string, O, 'ipAddress'> {
  return new Field({ kind: 'ipAddress', type: new StringType(45), check: ipAddressCheck(rulesOf(options)), own: [] }, options)
}

function moment<Out, In, O extends MomentOptions<In>, K extends string>(
  kind: K,
  type: DateType | DateTimeType,
  check: Check,
  options: O | undefined,
): Field<Out, In, O, K> {
  if (options?.autoNow === true && options.autoNowAdd === true) throw new ArgumentError('autoNow and autoNowAdd cannot be both true.')
  return new Field<Out, In, O, K>({ kind, type, check, own: ['autoNow', 'autoNowAdd', 'timezone'] }, options)
}

function bounded(kind: string, options: { readonly maxLength?: number | undefined } | undefined, otherwise?: number): StringType {
  const length = options?.maxLength ?? otherwise
  if (length === undefined) throw new ArgumentError(`${kind}() takes { maxLength }: the most characters of a value.`)
  return new StringType(length)
}

/** Rules by name; what is undefined is no rule. */
function rulesOf(options: ValueRules | FieldOptions | undefined): ValueRules {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([, rule]) => rule !== undefined))
}
