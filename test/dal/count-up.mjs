import { createEngine } from 'offloop'
import { DataAccessLayer, entity, StaleDataError } from 'offloop/dal'

const [, , url, times] = process.argv
const engine = createEngine(url, { busyTimeoutMs: 60_000 })
const dal = await DataAccessLayer.reflect(engine)
const counters = entity({ table: dal.getTable('counter'), version: 'version' })
let stale = 0
for (let done = 0; done < Number(times); ) {
  const { n, version } = await counters.detail(engine, 1)
  try {
    await counters.update(engine, 1, { n: n + 1 }, { version })
    done += 1
  } catch (error) {
    if (!(error instanceof StaleDataError)) throw error
    stale += 1
  }
}
console.log(stale)
await engine.close()
