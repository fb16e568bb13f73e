import type { AsyncEngine } from 'offloop'
import { exportText, type FileFormat, importData } from 'offloop/data'
import { expect, test } from 'vitest'
import { describeDialects } from '../conformance/targets.ts'
import { hardColumns } from './hard-values.ts'
import { tableOption } from './table-option.ts'

/** A table with one row for each place in the longest list of values; shorter ones begin again, each behind a NULL. */
async function storeAll(engine: AsyncEngine): Promise<void> {
  const columns = Object.entries(hardColumns[engine.dialect.name])
  await engine.script(`create table things (id int primary key, ${columns.map(([name, { type }]) => `${name} ${type}`).join(', ')})`)
  const count = Math.max(...columns.map(([, { values }]) => values.length)) + 1
  await engine.transaction(async (tx) => {
    for (let id = 0; id < count; id += 1) {
      const values = columns.map(([, column]) => ['null', ...column.values][id % (column.values.length + 1)])
      await tx.execute(`insert into things values (${[id, ...values].join(', ')})`)
    }
  })
}

/** What is in the table, told by the database itself. */
async function told(engine: AsyncEngine, format: FileFormat): Promise<unknown> {
  const columns = Object.entries(hardColumns[engine.dialect.name])
  const { name } = engine.dialect
  const expressions = columns.map(([column, { shown = '$' }]) => {
    const whole = shown.replace('$', column)
    if (name === 'postgresql') return `case when ${column} is null then 'NULL' else '(' || (${whole})::text || ')' end as ${column}`
    if (name === 'mysql') return `coalesce(concat('(', ${whole}, ')'), 'NULL') as ${column}`
    // CSV has texts alone, and a column without a type makes nothing of them.
    if (format === 'csv' && column === 'bare') return `cast(bare + 0 as text) as bare`
    return `typeof(${column}) || coalesce('(' || ${whole} || ')', '') as ${column}`
  })
  return await engine.execute(`select id, ${expressions.join(', ')} from things order by id`).fetchall()
}

describeDialects((fixture) => {
  for (const format of ['yaml', 'json', 'csv', 'jsonl'] as const satisfies readonly FileFormat[]) {
    test(`values that are hard to write come back from ${format} as they were`, async () => {
      const engine = fixture.engine()
      await storeAll(engine)
      const stored = await told(engine, format)
      const text = await exportText(engine, { format, table: 'things' })
      await engine.execute('delete from things')
      await importData(engine, text, { format, ...tableOption(format, 'things') })
      expect(await told(engine, format)).toEqual(stored)
      expect(await exportText(engine, { format, table: 'things' })).toBe(text)
    })
  }
})
