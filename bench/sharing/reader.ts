import { parentPort, workerData } from 'node:worker_threads'
import { Counter, type ReaderData } from './counters.ts'
import { spend } from './spend.ts'

const { memory, group, steps } = workerData as ReaderData
const counters = new Int32Array(memory)

/** Takes groups of what has been asked for, whoever else takes some, and sleeps where there is nothing. */
while (Atomics.load(counters, Counter.ended) === 0) {
  const taken = Atomics.load(counters, Counter.taken)
  const asked = Atomics.load(counters, Counter.asked)
  const count = Math.min(group, asked - taken)
  if (count === 0) Atomics.wait(counters, Counter.asked, asked)
  else if (Atomics.compareExchange(counters, Counter.taken, taken, taken + count) === taken) {
    for (let index = 0; index < count; index++) spend(steps)
    parentPort?.postMessage(count)
  }
}
