import { createEngine } from 'offloop'
import { canaryOf } from './canary-secret.ts'
import { urlOf } from './scratch.ts'

// Ends by an error that nobody handles, and whatever Node.js prints about it is searched by who started it.
const [driver = '', seed = '', file = '', way = ''] = process.argv.slice(2)

const canary = canaryOf(Number(seed))
const engine = createEngine(urlOf(driver, file))
await engine.script('create table if not exists t (id text primary key)')
await engine.execute('insert or ignore into t values (?)', [canary])

switch (way) {
  case 'a statement that nobody awaits':
    void engine.execute('insert into t values (?)', [canary])
    break
  case 'a statement that is refused and that nobody awaits':
    void engine.execute('insert into t values (?)', [{ canary }])
    break
  case 'a message that repeats a value':
    await engine.execute(`select json_extract('{}', ?)`, [canary])
    break
  case 'executeMany that nobody catches':
    await engine.executeMany('insert into t values (?)', [['other'], [canary]])
    break
  case 'a transaction that nobody catches':
    await engine.transaction(async (tx) => {
      await tx.execute('insert into t values (?)', [canary])
    })
    break
  case 'a URL that nobody catches':
    createEngine(`postgresql://user:${canary}%zz@host/db`)
    break
  case 'a thrown cause':
    setTimeout(async () => {
      try {
        await engine.execute('insert into t values (?)', [canary])
      } catch (cause) {
        throw new Error('the program gives up', { cause })
      }
    })
    break
  default:
    throw new RangeError(`no such way: ${way}`)
}
