import { EnumerationType } from '../types/texts.ts'
import { escapeLike, mapped, raw, type Spellings, spell, value } from './dialect-functions.ts'
import type { JsonStep } from './json-steps.ts'

/** The elements of a path: an index of a list is a text too. */
function pathValue(steps: readonly JsonStep[]) {
  return spell`cast(${value(steps.map(String))} as text[])`
}

function jsonValue(of: unknown) {
  return spell`cast(${value(JSON.stringify(of))} as jsonb)`
}

export const postgresqlSpellings: Spellings = {
  contains: (text, part) => spell`${text} like ${mapped(part, (found) => `%${escapeLike(found)}%`)} escape '!'`,
  startsWith: (text, part) => spell`${text} like ${mapped(part, (found) => `${escapeLike(found)}%`)} escape '!'`,
  endsWith: (text, part) => spell`${text} like ${mapped(part, (found) => `%${escapeLike(found)}`)} escape '!'`,
  containsIgnoringCase: (text, part) => spell`${text} ilike ${mapped(part, (found) => `%${escapeLike(found)}%`)} escape '!'`,
  startsWithIgnoringCase: (text, part) => spell`${text} ilike ${mapped(part, (found) => `${escapeLike(found)}%`)} escape '!'`,
  endsWithIgnoringCase: (text, part) => spell`${text} ilike ${mapped(part, (found) => `%${escapeLike(found)}`)} escape '!'`,
  equalsIgnoringCase: (text, other) => spell`${text} ilike ${mapped(other, escapeLike)} escape '!'`,
  ilike: (text, pattern) => spell`${text} ilike ${value(pattern)}`,
  is: (left, right) => spell`${left} is not distinct from ${right}`,
  isNot: (left, right) => spell`${left} is distinct from ${right}`,
  // A type of its own knows no LIKE.
  asText: (column, type) => (type instanceof EnumerationType && type.name !== undefined ? spell`cast(${column} as text)` : column),
  among: (value) => value,
  ordered: (column) => column,
  orderedBesideSql: (column) => column,
  extreme: (figure) => figure,
  average: (column, distinct) => spell`${raw(distinct ? 'avg(distinct ' : 'avg(')}${column})`,
  // Through jsonb, for columns of the type json too.
  jsonPath: (document, steps) => spell`cast(${document} as jsonb) #> ${pathValue(steps)}`,
  jsonText: (document, steps) => spell`cast(${document} as jsonb) #>> ${pathValue(steps)}`,
  jsonEquals: (document, steps, other) => spell`(cast(${document} as jsonb) #> ${pathValue(steps)}) = ${jsonValue(other)}`,
  // The function and not the operator, which is a question mark. A text in a list is no key.
  jsonHasKey: (document, key) =>
    spell`(jsonb_typeof(cast(${document} as jsonb)) = 'object' and jsonb_exists(cast(${document} as jsonb), ${value(key)}))`,
  jsonContains: (document, part) => spell`cast(${document} as jsonb) @> ${jsonValue(part)}`,
}
