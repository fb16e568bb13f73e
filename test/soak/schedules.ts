import { join } from 'node:path'
import { type AsyncEngine, createEngine } from 'offloop'
import { Random } from './random.ts'
import { Modelled, type Step, Task } from './schedule.ts'
import { inScratch, isProgram, numberOption, report, type Setup, setups, urlOf } from './scratch.ts'
import { type Outcome, Storage } from './transaction-model.ts'

// Two tasks that begin, nest, write, fail and end transactions as they like, on one connection or on one each: every call ends as a model
// says, and every connection sees the rows that the model has.

export interface ScheduleFigures {
  schedules: number
  steps: number
  /** Pairs of calls that were on their way at once. */
  pairs: number
  /** Calls that waited for the other connection's lock. */
  waits: number
  /** Where a call or a connection was not as the model. */
  readonly differences: string[]
}

const stepsPerSchedule = 24

export async function playSchedules(schedules: number, seed: number): Promise<ScheduleFigures> {
  const figures: ScheduleFigures = { schedules: 0, steps: 0, pairs: 0, waits: 0, differences: [] }
  const random = new Random(seed)
  const each = Math.ceil(schedules / setups.length)
  for (const setup of setups) {
    const count = Math.min(each, schedules - figures.schedules)
    await inScratch((directory) => playOnFile(setup, join(directory, 'schedules.db'), { count, random, figures }))
  }
  return figures
}

interface Plan {
  readonly count: number
  readonly random: Random
  readonly figures: ScheduleFigures
}

async function playOnFile({ driver, journal }: Setup, file: string, { count, random, figures }: Plan): Promise<void> {
  const engine = createEngine(urlOf(driver, file), { pragmas: { journal_mode: journal }, pool: { max: 2 }, readers: 0 })
  await engine.execute('create table t (a integer not null)')
  for (let index = 0; index < count; index++) {
    const difference = await new Schedule(engine, random, figures).play(1 + (index % 2))
    if (difference !== null) figures.differences.push(`${driver}, ${journal}, schedule ${index}: ${difference}`)
    figures.schedules++
    await engine.execute('delete from t')
  }
  await engine.close()
}

/** A call on its way. */
interface Flight {
  readonly task: Task
  readonly step: Step
  readonly outcome: Promise<Outcome>
  expected: Outcome
  settled: boolean
}

const nameOf = ({ task, step }: Flight): string => `${task.name} ${step.kind}`

/** Whether it is known what comes of a call behind one that is on its way. */
function goTogether(first: Flight, task: Task, { kind }: Step): boolean {
  // That the database has ended a transaction is heard with the answer.
  if (first.step.kind === 'abort' || kind === 'abort') return false
  // Among the writers of other connections this one's place is that of its first rows.
  if (first.task.on !== task.on) return first.step.kind !== 'insertMany'
  // A rollback waits for nobody: it cuts off what is at work inside.
  const works = first.step.kind === 'insertMany' || first.step.kind === 'nestedTransaction'
  return !(works && (kind === 'rollback' || kind === 'close'))
}

class Schedule {
  readonly #engine: AsyncEngine
  readonly #random: Random
  readonly #figures: ScheduleFigures
  readonly #storage = new Storage()
  readonly #taken: string[] = []
  #tasks: readonly Task[] = []
  /** The call that waits for the other connection to let its lock go. */
  #waiting: Flight | null = null

  constructor(engine: AsyncEngine, random: Random, figures: ScheduleFigures) {
    this.#engine = engine
    this.#random = random
    this.#figures = figures
  }

  /** Plays it to its end, or to the first difference, which it tells with the way there. */
  async play(connections: number): Promise<string | null> {
    const modelled: Modelled[] = []
    for (let opened = 0; opened < connections; opened++) modelled.push(new Modelled(await this.#engine.connect(), this.#storage))
    this.#tasks = ['A', 'B'].map((name, index) => new Task(name, modelled[index % connections] as Modelled, this.#random))
    let difference: string | null = null
    for (let step = 0; step < stepsPerSchedule && difference === null; step++) difference = await this.#turn(modelled)
    // What is still open is rolled back, and who waits for a lock gets it.
    const waits = this.#waiting?.task.on
    for (const { connection } of modelled.toSorted((one, other) => Number(one === waits) - Number(other === waits)))
      await connection.close()
    await this.#waiting?.outcome
    return difference === null ? null : `${difference}, after ${this.#taken.slice(-14).join(', ')}`
  }

  /** One call, or two at once, and then a look at every connection that does not wait. */
  async #turn(modelled: readonly Modelled[]): Promise<string | null> {
    const free = this.#tasks.filter((task) => task !== this.#waiting?.task)
    const task = this.#random.pick(free)
    const first = this.#issue(task)
    const other = free.find((one) => one !== task)
    let second: Flight | null = null
    if (first !== null && other !== undefined && this.#random.below(3) === 0) {
      // Somewhere on the first one's way.
      for (let turns = this.#random.below(4); turns > 0; turns--) await new Promise(setImmediate)
      second = this.#issue(other, first)
    }
    if (second !== null) this.#figures.pairs++
    for (const flight of [first, second]) {
      const found = await flight?.outcome
      if (flight !== null && found !== flight.expected) return `${nameOf(flight)}: ${found} and not ${flight.expected}`
    }
    return (await this.#letWaitingGo()) ?? (await this.#look(modelled))
  }

  /** Sends a call, perhaps behind one that is on its way; null when it waits for a lock, or would not go with the other. */
  #issue(task: Task, behind: Flight | null = null): Flight | null {
    const step = task.next()
    if (behind !== null && !goTogether(behind, task, step)) return null
    this.#figures.steps++
    const flight: Flight = { task, step, outcome: step.issue(), expected: 'done', settled: false }
    this.#taken.push(behind === null ? nameOf(flight) : `at once ${nameOf(flight)}`)
    void flight.outcome.then(() => {
      flight.settled = true
    })
    if (step.takesLock && this.#lockedFor(task)) {
      this.#waiting = flight
      this.#figures.waits++
      return null
    }
    flight.expected = step.expect()
    return flight
  }

  #lockedFor(task: Task): boolean {
    return this.#tasks.some((other) => other.on !== task.on && other.on.model.inTransaction)
  }

  async #letWaitingGo(): Promise<string | null> {
    const waiting = this.#waiting
    if (waiting === null) return null
    if (this.#lockedFor(waiting.task)) return waiting.settled ? `${nameOf(waiting)} did not wait for the other connection` : null
    this.#waiting = null
    const expected = waiting.step.expect()
    const found = await waiting.outcome
    return found === expected ? null : `${nameOf(waiting)}, which waited: ${found} and not ${expected}`
  }

  async #look(modelled: readonly Modelled[]): Promise<string | null> {
    for (const task of this.#tasks) {
      const difference = task.difference()
      if (difference !== null) return difference
    }
    for (const one of modelled) {
      if (one === this.#waiting?.task.on) continue
      const difference = await one.difference()
      if (difference !== null) return difference
    }
    return null
  }
}

if (isProgram(import.meta)) {
  const seed = numberOption('seed', Date.now() % 1_000_000)
  const { schedules, steps, pairs, waits, differences } = await playSchedules(numberOption('schedules', 2_000), seed)
  report(
    'schedules',
    {
      schedules,
      calls: steps,
      'pairs of them at once': pairs,
      'waits for a lock': waits,
      differences: differences.length,
      'as seed': seed,
    },
    differences,
  )
}
