import { type AggregateFunctionNode, type OperationNode, RawNode } from 'kysely'
import type { ColumnType } from '../column-type.ts'
import { NumericType } from '../types/numbers.ts'
import { EnumerationType } from '../types/texts.ts'
import { escapeLike, mapped, raw, type Spellings, spell, type Text, value } from './dialect-functions.ts'
import { jsonPathText } from './json-steps.ts'

/** Letter by letter: the usual collations take capitals for small letters, and letters with accents for those without. */
function exactly(part: Text, pattern: (text: string) => string) {
  return spell`${mapped(part, pattern)} collate utf8mb4_bin escape '!'`
}

/** Where a text stands in the list of an enumeration, which is how MySQL orders them; MIN, MAX, < and > take them for texts. */
function placeOf(text: OperationNode, { values }: EnumerationType): OperationNode {
  return spell`nullif(field(${text}, ${listed(values)}), 0)`
}

function listed(texts: readonly string[]): OperationNode {
  return texts.map((text): OperationNode => value(text)).reduce((left, right) => spell`${left}, ${right}`)
}

function extreme(figure: AggregateFunctionNode, { stored: type }: ColumnType): OperationNode {
  if (!(type instanceof EnumerationType)) return figure
  const place = { ...figure, aggregated: figure.aggregated.map((column) => placeOf(column, type)) }
  return spell`elt(${place}, ${listed(type.values)})`
}

/** AVG of whole numbers has four digits behind the point. */
function average(column: OperationNode, distinct: boolean): OperationNode {
  const of = (figure: 'sum' | 'count') => spell`${raw(distinct ? `${figure}(distinct ` : `${figure}(`)}${column})`
  return spell`(${of('sum')} + 0e0) / nullif(${of('count')}, 0)`
}

export const mysqlSpellings: Spellings = {
  contains: (text, part) => spell`${text} like ${exactly(part, (found) => `%${escapeLike(found)}%`)}`,
  startsWith: (text, part) => spell`${text} like ${exactly(part, (found) => `${escapeLike(found)}%`)}`,
  endsWith: (text, part) => spell`${text} like ${exactly(part, (found) => `%${escapeLike(found)}`)}`,
  containsIgnoringCase: (text, part) => spell`lower(${text}) like lower(${mapped(part, (found) => `%${escapeLike(found)}%`)}) escape '!'`,
  startsWithIgnoringCase: (text, part) => spell`lower(${text}) like lower(${mapped(part, (found) => `${escapeLike(found)}%`)}) escape '!'`,
  endsWithIgnoringCase: (text, part) => spell`lower(${text}) like lower(${mapped(part, (found) => `%${escapeLike(found)}`)}) escape '!'`,
  equalsIgnoringCase: (text, other) => spell`lower(${text}) = lower(${value(other)})`,
  ilike: (text, pattern) => spell`lower(${text}) like lower(${value(pattern)})`,
  is: (left, right) => spell`${left} <=> ${right}`,
  isNot: (left, right) => spell`not (${left} <=> ${right})`,
  // With texts around it a decimal number is compared as a double: only what it is compared with alone becomes a decimal number too.
  asText: (column) => column,
  among: (value, { stored: type }) =>
    type instanceof NumericType ? spell`cast(${value} as ${raw(`decimal(${type.precision}, ${type.scale})`)})` : value,
  ordered: (column, { stored: type }) => (type instanceof EnumerationType && !RawNode.is(column) ? placeOf(column, type) : column),
  orderedBesideSql: (column) => column,
  extreme,
  average,
  jsonPath: (document, steps) => spell`json_extract(${document}, ${value(jsonPathText(steps))})`,
  jsonText: (document, steps) => {
    const place = spell`json_extract(${document}, ${value(jsonPathText(steps))})`
    return spell`if(json_type(${place}) = 'NULL', null, json_unquote(${place}))`
  },
  // Each holds the other: MySQL compares documents, MariaDB their texts.
  jsonEquals: (document, steps, other) => {
    const place = spell`json_extract(${document}, ${value(jsonPathText(steps))})`
    const json = spell`${value(JSON.stringify(other))}`
    return spell`(json_contains(${place}, ${json}) and json_contains(${json}, ${place}) and json_type(${place}) ${typeOf(other)})`
  },
  jsonHasKey: (document, key) =>
    spell`(json_type(${document}) = 'OBJECT' and json_contains_path(${document}, 'one', ${value(jsonPathText([key]))}))`,
  jsonContains: (document, part) => spell`json_contains(${document}, ${value(JSON.stringify(part))})`,
}

/** What JSON_TYPE says of it. */
function typeOf(of: unknown) {
  if (of === null) return spell`= 'NULL'`
  if (typeof of === 'boolean') return spell`= 'BOOLEAN'`
  if (typeof of === 'string') return spell`= 'STRING'`
  if (typeof of === 'number') return spell`in ('INTEGER', 'UNSIGNED INTEGER', 'DOUBLE', 'DECIMAL')`
  return Array.isArray(of) ? spell`= 'ARRAY'` : spell`= 'OBJECT'`
}
