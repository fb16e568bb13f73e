import { type AggregateFunctionNode, type OperationNode, RawNode } from 'kysely'
import type { ColumnType } from '../column-type.ts'
import { NumericType } from '../types/numbers.ts'
import { escapeLike, mapped, raw, type Spellings, spell, value } from './dialect-functions.ts'
import { isObject, jsonPathText } from './json-steps.ts'

/** A place in a document: its type, its value in SQL where it is a scalar, and its JSON. */
interface JsonPlace {
  readonly type: OperationNode
  readonly scalar: OperationNode
  readonly json: OperationNode
}

/** GLOB's wildcards in a text, each in a set of its own. */
function escapeGlob(text: string): string {
  return text.replace(/[*?[]/g, '[$&]')
}

function placeAt(document: OperationNode, path: string): JsonPlace {
  const node = value(path)
  return {
    type: spell`json_type(${document}, ${node})`,
    scalar: spell`json_extract(${document}, ${node})`,
    json: spell`(${document} -> ${node})`,
  }
}

/** The row of a json_each. */
function placeOf(alias: string): JsonPlace {
  return { type: raw(`${alias}.type`), scalar: raw(`${alias}.atom`), json: raw(`${alias}.value`) }
}

/** true and 1 are one value to SQL: the type tells them apart. */
function equals({ type, scalar, json }: JsonPlace, other: unknown): OperationNode {
  if (other === null || typeof other === 'boolean') return spell`${type} = ${value(String(other))}`
  if (typeof other === 'number') return spell`(${type} in ('integer', 'real') and ${scalar} = ${value(other)})`
  if (typeof other === 'string') return spell`(${type} = 'text' and ${scalar} = ${value(other)})`
  return spell`${json} = json(${value(JSON.stringify(other))})`
}

/** @param depth of json_each in json_each: each has a name of its own */
function contains(place: JsonPlace, part: unknown, depth: number): OperationNode {
  if (!Array.isArray(part) && !isObject(part)) return equals(place, part)
  const alias = `e${depth}`
  const each = placeOf(alias)
  const some = (condition: OperationNode) => spell`exists (select 1 from json_each(${place.json}) as ${raw(alias)} where ${condition})`
  const conditions = Array.isArray(part)
    ? part.map((element) => some(contains(each, element, depth + 1)))
    : Object.entries(part)
        .filter(([, member]) => member !== undefined)
        .map(([key, member]) => some(spell`${raw(`${alias}.key`)} = ${value(key)} and ${contains(each, member, depth + 1)}`))
  const isOfType = spell`${place.type} = ${value(Array.isArray(part) ? 'array' : 'object')}`
  return spell`(${conditions.reduce((left, right) => spell`${left} and ${right}`, isOfType)})`
}

function isWide({ stored: type }: ColumnType): boolean {
  return type instanceof NumericType && type.wide
}

/**
 * Of decimal numbers that are texts, all with as many digits behind the point: of two positive ones the longer is the greater, of two as long
 * the one whose text is; of negative ones the other way round. A cast would make doubles of them, and lose digits.
 */
function extremeOfTexts(figure: AggregateFunctionNode): OperationNode {
  const [column] = figure.aggregated as [OperationNode]
  const of = (func: 'min' | 'max', sign: 'like' | 'not like') => {
    const marked = spell`case when ${column} ${raw(sign)} '-%' then printf('%02d', length(${column})) || ${column} end`
    const end: AggregateFunctionNode = { ...figure, func, aggregated: [marked] }
    return spell`substr(${end}, 3)`
  }
  return figure.func === 'max'
    ? spell`coalesce(${of('max', 'not like')}, ${of('min', 'like')})`
    : spell`coalesce(${of('max', 'like')}, ${of('min', 'not like')})`
}

/** A double. Sums and averages are that anyway. */
function asNumber(column: OperationNode): OperationNode {
  return spell`cast(${column} as numeric)`
}

/** As many as a number has before its point at most. */
const zeros = '0'.repeat(65)
const digits = [...'0123456789']

/**
 * A text that has the order of the decimal number in another text: with as many digits before the point as any has, and of a negative number with
 * letters for the digits, the first one for 9. The mark at its end is behind all letters: of two that begin alike, the longer one is less.
 */
function orderedText(number: OperationNode): OperationNode {
  const point = spell`instr(${number} || '.', '.')`
  const padded = spell`substr(${raw(`'${zeros}'`)}, ${point} - 1) || substr(${number}, 2)`
  const letters = digits.reduce((text, digit) => spell`replace(${text}, ${raw(`'${digit}', '${'jihgfedcba'[Number(digit)]}'`)})`, padded)
  return spell`case when ${number} like '-%' then '-' || ${letters} || '~' else substr(${raw(`'${zeros}'`)}, ${point}) || ${number} end`
}

/** NULL where there is no document, as of a server: EXISTS alone is never NULL, and its negation would hold. */
function ofDocument(document: OperationNode, condition: OperationNode): OperationNode {
  return spell`(case when ${document} is not null then ${condition} end)`
}

/**
 * SQLite prepares a statement anew for each run whose pattern is a parameter, to look at how that begins: an index may know what begins like it. Of
 * a pattern that begins with a wildcard none does, and of an expression it is not asked.
 */
export const sqliteSpellings: Spellings = {
  contains: (text, part) => spell`instr(${text}, ${value(part)}) > 0`,
  startsWith: (text, part) => spell`${text} glob ${mapped(part, (found) => `${escapeGlob(found)}*`)}`,
  endsWith: (text, part) => spell`${text} glob +${mapped(part, (found) => `*${escapeGlob(found)}`)}`,
  // LIKE does not tell the capitals of ASCII apart, and all others it does.
  containsIgnoringCase: (text, part) => spell`${text} like +${mapped(part, (found) => `%${escapeLike(found)}%`)} escape '!'`,
  startsWithIgnoringCase: (text, part) => spell`${text} like ${mapped(part, (found) => `${escapeLike(found)}%`)} escape '!'`,
  endsWithIgnoringCase: (text, part) => spell`${text} like +${mapped(part, (found) => `%${escapeLike(found)}`)} escape '!'`,
  equalsIgnoringCase: (text, other) => spell`${text} like ${mapped(other, escapeLike)} escape '!'`,
  ilike: (text, pattern) => spell`${text} like ${value(pattern)}`,
  is: (left, right) => spell`${left} is ${right}`,
  isNot: (left, right) => spell`${left} is not ${right}`,
  asText: (column) => column,
  among: (value) => value,
  extreme: (figure, type) => (isWide(type) ? extremeOfTexts(figure) : figure),
  average: (column, distinct) => spell`${raw(distinct ? 'avg(distinct ' : 'avg(')}${column})`,
  ordered: (column, type) => (isWide(type) ? (RawNode.is(column) ? asNumber(column) : orderedText(column)) : column),
  orderedBesideSql: (column, type) => (isWide(type) ? asNumber(column) : column),
  jsonPath: (document, steps) => spell`${document} -> ${value(jsonPathText(steps))}`,
  jsonText: (document, steps) => spell`cast(${document} ->> ${value(jsonPathText(steps))} as text)`,
  jsonEquals: (document, steps, other) => equals(placeAt(document, jsonPathText(steps)), other),
  jsonHasKey: (document, key) =>
    ofDocument(
      document,
      spell`json_type(${document}) = 'object' and exists (select 1 from json_each(${document}) where key = ${value(key)})`,
    ),
  jsonContains: (document, part) => ofDocument(document, contains(placeAt(document, '$'), part, 0)),
}
