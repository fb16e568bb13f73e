import { expect, test } from 'vitest'
import { InnerQuery } from '../../worker/drivers/inner-query.ts'

test.each([
  ['select a from t', false, false],
  ['select a from t limit 5', false, false],
  ['select a from t union select b from t limit 5', true, false],
  ['select a from t INTERSECT select b from t', true, false],
  ['select a from t\nexcept\nselect b from t', true, false],
  ['select a from (select a from t union all select b from t)', false, false],
  ['with recursive n(i) as (select 1 union all select i + 1 from n) select i from n limit 3', false, false],
  ['select a from (select a from t Limit 5)', false, true],
  ['select (select a from t limit 1) union select 2', true, true],
  [`select ') union', "union", [limit (], \`except\` from t -- union\n where a = ? /* ( limit */`, false, false],
  ["select 'it''s) union' from (select a from t)", false, false],
  ['select "a""b (", limits, union_of from t /* union', false, false],
  ['values (1), (2)', false, false],
])('%s', (query, compound, limitInside) => {
  expect(new InnerQuery(query)).toMatchObject({ text: query, compound, limitInside })
})

test('a literal of 30 MB is no query', () => {
  const query = `select '${'('.repeat(30_000_000)} union' as a`
  expect(new InnerQuery(query)).toMatchObject({ compound: false, limitInside: false })
})

test('a text ends before its semicolons', () => {
  expect(new InnerQuery('select 1 ;\n; ').text).toBe('select 1')
})
