import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { median } from '../statistics.ts'
import { Counter, memoryBytes, type ReaderData } from './counters.ts'
import { spend, stepsInMicrosecond } from './spend.ts'

/**
 * What a second reader can give at best where the readers and the thread that asks share the cores: threads that do nothing but spend the
 * time of a point select, and take what is asked for from one counter, which is the cheapest way to share it. Prints selects a second with
 * two readers against those with one.
 */
const askMicros = 1
const readMicros = 1.7
const inFlight = 256
const selects = 200_000
const rounds = 9
const groups = [8, 16, 32, 64, 128]

const stepsEach = stepsInMicrosecond()
const found = new Map<string, number[]>()
for (let round = 0; round < rounds; round++) {
  for (const readers of [1, 2]) {
    for (const group of groups) {
      const name = nameOf(readers, group)
      found.set(name, [...(found.get(name) ?? []), await selectsPerSecond(readers, group)])
    }
  }
}

console.log(`${availableParallelism()} cores, ${askMicros} µs to ask, ${readMicros} µs to read, ${inFlight} in flight, median of ${rounds}`)
for (const group of groups) {
  const [one, two] = [1, 2].map((readers) => median(found.get(nameOf(readers, group)) ?? [])) as [number, number]
  console.log(`groups of ${group}: one reader ${format(one)} a second, two ${format(two)}: ${(two / one).toFixed(2)} x`)
}

function nameOf(readers: number, group: number): string {
  return `${readers} of ${group}`
}

function format(perSecond: number): string {
  return Math.round(perSecond).toLocaleString('en')
}

async function selectsPerSecond(readers: number, group: number): Promise<number> {
  const memory = new SharedArrayBuffer(memoryBytes)
  const counters = new Int32Array(memory)
  const workerData: ReaderData = { memory, group, steps: Math.round(readMicros * stepsEach) }
  const workers = Array.from({ length: readers }, () => new Worker(new URL('./reader.ts', import.meta.url), { workerData }))
  await Promise.all(workers.map((worker) => once(worker, 'online')))
  const start = performance.now()
  await askAll(workers, counters)
  const seconds = (performance.now() - start) / 1_000
  Atomics.store(counters, Counter.ended, 1)
  Atomics.add(counters, Counter.asked, 1)
  Atomics.notify(counters, Counter.asked)
  await Promise.all(workers.map((worker) => worker.terminate()))
  return selects / seconds
}

/** Asks for as many as have been answered, behind all answers of a turn. */
function askAll(workers: readonly Worker[], counters: Int32Array): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const steps = Math.round(askMicros * stepsEach)
  let answered = 0
  let asked = 0
  let wanted = inFlight
  const ask = (): void => {
    const count = Math.min(wanted, selects - asked)
    wanted = 0
    asked += count
    Atomics.add(counters, Counter.asked, count)
    Atomics.notify(counters, Counter.asked)
  }
  for (const worker of workers) {
    worker.on('message', (count: number) => {
      for (let index = 0; index < count; index++) spend(steps)
      answered += count
      if (answered === selects) resolve()
      if (wanted === 0) process.nextTick(ask)
      wanted += count
    })
  }
  ask()
  return promise
}
