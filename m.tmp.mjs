import { createWriteStream, rmSync, statSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { createEngine } from 'offloop'
import { bulkLoad, exportData } from 'offloop/dal'
import { dateTime, float, integer, MetaData, string, Table } from 'offloop/schema'

for (const e of ['', '-wal', '-shm']) rmSync('/tmp/m.db' + e, { force: true })
const engine = createEngine('sqlite:////tmp/m.db')
const md = new MetaData()
const t = new Table('t', md, { id: integer({ primaryKey: true }), name: string(50), price: float(), at: dateTime(), n: integer() })
await md.createAll(engine)
const N = Number(process.argv[2])
function* lines() {
  yield 'id,name,price,at,n\n'
  let s = ''
  for (let i = 1; i <= N; i++) {
    s += `${i},person number ${i},${i / 8},2020-01-01T00:00:00.000Z,${i % 1000}\n`
    if (s.length > 60000) {
      yield s
      s = ''
    }
  }
  yield s
}
const out = createWriteStream('/tmp/m.csv')
for (const l of lines()) {
  if (!out.write(l)) await new Promise((r) => out.once('drain', r))
}
await new Promise((r) => out.end(r))
console.log('bytes', statSync('/tmp/m.csv').size)
function gaps() {
  let last = performance.now(),
    max = 0,
    stop = false
  const tick = () => {
    const now = performance.now()
    if (now - last > max) max = now - last
    last = now
    if (!stop) setImmediate(tick)
  }
  setImmediate(tick)
  return () => {
    stop = true
    return max
  }
}
let g = gaps(),
  t0 = performance.now(),
  rss = process.memoryUsage.rss(),
  peak = 0
const timer = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss())
}, 50)
console.log(await bulkLoad(engine, { source: pathToFileURL('/tmp/m.csv'), format: 'csv', into: t }))
console.log('import', ((N / (performance.now() - t0)) * 1000) | 0, 'rows/s; gap', g().toFixed(1), 'rss +', ((peak - rss) / 1e6).toFixed(0))
g = gaps()
t0 = performance.now()
rss = process.memoryUsage.rss()
peak = 0
console.log(await exportData(engine, t.select(), pathToFileURL('/tmp/m2.csv'), { format: 'csv' }))
console.log('export', ((N / (performance.now() - t0)) * 1000) | 0, 'rows/s; gap', g().toFixed(1), 'rss +', ((peak - rss) / 1e6).toFixed(0))
clearInterval(timer)
await engine.close()
