import { expect, test } from 'vitest'
import { Random, seed } from '../soak/random.ts'
import { Modelled, Task } from '../soak/schedule.ts'
import { Storage } from '../soak/transaction-model.ts'
import { openEngine } from './open-engine.ts'

test('2,000 random steps of begin, nest, savepoint, commit, rollback and insert give what a model gives', async () => {
  const engine = openEngine()
  const connection = await engine.connect()
  await connection.execute('create table t (a integer not null)')
  const modelled = new Modelled(connection, new Storage())
  const task = new Task('the task', modelled, new Random(seed))
  const taken: string[] = []
  while (taken.length < 2_000) {
    const step = task.next()
    taken.push(step.kind)
    const outcome = step.issue()
    const expected = step.expect()
    const way = `SEED=${seed}, step ${taken.length}, after ${taken.slice(-12).join(', ')}`
    expect(await outcome, way).toBe(expected)
    expect(task.difference() ?? (await modelled.difference()), way).toBeNull()
  }
  await connection.close()
})
