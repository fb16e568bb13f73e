import { ArgumentError } from '../errors.ts'
import type { ColumnOptions, KnownOptions } from './column-options.ts'
import { ColumnSpec } from './column-spec.ts'
import type { JsonInput, JsonValue } from './json-value.ts'
import { CustomType, type CustomValues } from './types/custom.ts'
import { BigIntegerType, IntegerType } from './types/integers.ts'
import { JsonType } from './types/json.ts'
import { BooleanType, FloatType, NumericType } from './types/numbers.ts'
import { DateTimeType, DateType, TimeType } from './types/temporal.ts'
import { BlobType, EnumerationType, StringType, TextType, UuidType } from './types/texts.ts'

/** No options. */
// biome-ignore lint/complexity/noBannedTypes: the options of a column that was told nothing
type None = {}

/** Whole numbers: 32 bits on a server, up to 2^53 in SQLite. In JavaScript a number. */
export function integer<const O extends KnownOptions<O, ColumnOptions<number>> = None>(options?: O): ColumnSpec<number, number, O> {
  return new ColumnSpec(new IntegerType('integer'), options)
}

/** Whole numbers of 16 bits, where the database has them. In JavaScript a number. */
export function smallInteger<const O extends KnownOptions<O, ColumnOptions<number>> = None>(options?: O): ColumnSpec<number, number, O> {
  return new ColumnSpec(new IntegerType('smallInteger'), options)
}

/** Whole numbers of 64 bits. In JavaScript a bigint; a whole number may be stored. */
export function bigInteger<const O extends KnownOptions<O, ColumnOptions<bigint | number>> = None>(
  options?: O,
): ColumnSpec<bigint, bigint | number, O> {
  return new ColumnSpec(new BigIntegerType(), options)
}

/** Floating point numbers of 64 bits. */
export function float<const O extends KnownOptions<O, ColumnOptions<number>> = None>(options?: O): ColumnSpec<number, number, O> {
  return new ColumnSpec(new FloatType(), options)
}

/**
 * Decimal numbers of `precision` digits, `scale` of them behind the point. In JavaScript a text: '12.50'; numbers and bigints may be stored where
 * they fit exactly.
 *
 * @throws {RangeError} the precision is not 1 to 65, or the scale not 0 to 30 and at most the precision
 */
export function numeric<const O extends KnownOptions<O, ColumnOptions<string | number | bigint>> = None>(
  precision: number,
  scale = 0,
  options?: O,
): ColumnSpec<string, string | number | bigint, O> {
  return new ColumnSpec(new NumericType(precision, scale), options)
}

/** true or false. */
export function boolean<const O extends KnownOptions<O, ColumnOptions<boolean>> = None>(options?: O): ColumnSpec<boolean, boolean, O> {
  return new ColumnSpec(new BooleanType(), options)
}

/**
 * Texts of at most `length` characters.
 *
 * @throws {RangeError} the length is no whole number, 1 or more
 */
export function string<const O extends KnownOptions<O, ColumnOptions<string>> = None>(
  length: number,
  options?: O,
): ColumnSpec<string, string, O> {
  return new ColumnSpec(new StringType(length), options)
}

/** Texts of any length. */
export function text<const O extends KnownOptions<O, ColumnOptions<string>> = None>(options?: O): ColumnSpec<string, string, O> {
  return new ColumnSpec(new TextType(), options)
}

/** Days. In JavaScript a text 'YYYY-MM-DD'; a Date may be stored, of which the day in UTC counts. */
export function date<const O extends KnownOptions<O, ColumnOptions<string | Date>> = None>(
  options?: O,
): ColumnSpec<string, string | Date, O> {
  return new ColumnSpec(new DateType(), options)
}

/** Times of the day. In JavaScript a text 'HH:MM:SS' or 'HH:MM:SS.sss'. */
export function time<const O extends KnownOptions<O, ColumnOptions<string>> = None>(options?: O): ColumnSpec<string, string, O> {
  return new ColumnSpec(new TimeType(), options)
}

/** Moments, to the millisecond, stored in UTC. In JavaScript a Date. `timezone` makes it PostgreSQL's TIMESTAMP WITH TIME ZONE. */
export function dateTime<const O extends KnownOptions<O, ColumnOptions<Date> & { readonly timezone?: boolean }> = None>(
  options?: O,
): ColumnSpec<Date, Date, Omit<O, 'timezone'>> {
  const { timezone = false, ...others } = options ?? ({} as O)
  return new ColumnSpec(new DateTimeType(timezone), others)
}

/** JSON documents. In JavaScript the value itself; null stands for NULL. `json().$type<Settings>()` says what is in it. */
export function json<const O extends KnownOptions<O, ColumnOptions<JsonInput>> = None>(options?: O): ColumnSpec<JsonValue, JsonInput, O> {
  return new ColumnSpec(new JsonType(), options)
}

/**
 * One of the texts in the list. On PostgreSQL, `name` makes it a type of the database's own.
 *
 * @throws {TypeError} the list is empty, repeats itself or holds something else than texts
 */
export function enumeration<const V extends string, const O extends KnownOptions<O, ColumnOptions<V> & { readonly name?: string }> = None>(
  values: readonly V[],
  options?: O,
): ColumnSpec<V, V, Omit<O, 'name'>> {
  const { name, ...others } = options ?? ({} as O)
  return new ColumnSpec(new EnumerationType(values, name), others)
}

/** UUIDs. In JavaScript a text in small letters. */
export function uuid<const O extends KnownOptions<O, ColumnOptions<string>> = None>(options?: O): ColumnSpec<string, string, O> {
  return new ColumnSpec(new UuidType(), options)
}

/** Bytes. In JavaScript a Buffer. */
export function blob<const O extends KnownOptions<O, ColumnOptions<Uint8Array | ArrayBuffer>> = None>(
  options?: O,
): ColumnSpec<Buffer, Uint8Array | ArrayBuffer, O> {
  return new ColumnSpec(new BlobType(), options)
}

/**
 * Values of the program's own, kept in a column of another type: money in `bigInteger()`, a Temporal.PlainDate in `date()`.
 *
 * ```ts
 * const price = custom(integer(), { encode: (euros: Euros) => euros.cents, decode: (cents) => new Euros(cents) }, { nullable: false })
 * ```
 *
 * Comparisons take the program's values too, but order, sums and parts of texts are those of what is stored; so are files that are imported and
 * exported. NULL is null and passes by.
 *
 * @param stored a column type without options: they are the third argument's
 * @throws {ArgumentError} the column that stores it has options, or a function is missing
 */
export function custom<Out, In, StoredOut, StoredIn, const O extends KnownOptions<O, ColumnOptions<In>> = None>(
  stored: ColumnSpec<StoredOut, StoredIn, None>,
  values: CustomValues<Out, In, StoredOut, StoredIn>,
  options?: O,
): ColumnSpec<Out, In, O> {
  if (!(stored instanceof ColumnSpec) || Object.keys(stored.options).length > 0)
    throw new ArgumentError('custom(stored, values, options) takes a column type without options: give them as its third argument.')
  if (typeof values?.encode !== 'function' || typeof values.decode !== 'function')
    throw new ArgumentError('custom(stored, values) takes { encode, decode }: how values are stored, and read.')
  return new ColumnSpec(new CustomType(stored.type, values), options)
}
