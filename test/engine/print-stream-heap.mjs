import { getHeapStatistics } from 'node:v8'
import { createEngine } from 'offloop'

// Run with --expose-gc and a small young generation. Prints how much more was in use at the most, in MiB, at any of the later looks at a
// stream than at the first one, each behind a collection of young garbage: while its first rows come, such collections find every row of
// their chunk in use, which is what V8 judges by where the next ones are better put.
const collectYoung = () => globalThis.gc({ type: 'minor' })
const rows = 400_000
const engine = createEngine('sqlite://')
const text = `with recursive counted(i) as (select 1 union all select i + 1 from counted where i < ${rows})
  select i as id, 'name ' || i as name, i * 0.25 as price from counted`

const inUse = []
let read = 0
for await (const _ of engine.stream(text)) {
  read++
  if (read < rows / 4 && read % 1_000 === 900) collectYoung()
  if (read < rows / 3 || read % 20_000 !== 500) continue
  collectYoung()
  inUse.push(getHeapStatistics().used_heap_size)
}
console.log(((Math.max(...inUse) - Math.min(...inUse)) / 2 ** 20).toFixed(1))
await engine.close()
