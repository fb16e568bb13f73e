import { OffloopError, WorkerTerminatedError } from 'offloop'
import { type BadInput, Stage } from './bad-input.ts'
import { badArguments } from './bad-inputs-arguments.ts'
import { badOptions } from './bad-inputs-options.ts'
import { badNames, badUrls } from './bad-inputs-places.ts'
import { badPollution } from './bad-inputs-pollution.ts'
import { badShapes } from './bad-inputs-shapes.ts'
import { badTexts, noise } from './bad-inputs-sql.ts'
import { badValues } from './bad-inputs-values.ts'
import { Random } from './random.ts'
import { driverNames, inScratch, isProgram, numberOption, report } from './scratch.ts'

// Whatever is passed to the public API: it works, or it is refused by one clear error, and the engine goes on.

export interface BadInputFigures {
  inputs: number
  /** Inputs that turned out to be good. */
  legal: number
  /** How many were refused, by the class of the error. */
  readonly refusals: Map<string, number>
  readonly violations: string[]
}

const names = 500

/** Gives an engine on each driver in turn the inputs, `count` of them in an order by the seed; what there are more is noise as SQL. */
export async function giveBadInputs(count: number, seed: number): Promise<BadInputFigures> {
  const figures: BadInputFigures = { inputs: 0, legal: 0, refusals: new Map(), violations: [] }
  const random = new Random(seed)
  const made = [
    ...[badTexts(random), badValues(random), badShapes(random), badOptions(random), badArguments()].flat(),
    ...[badNames(names, random), badUrls(), badPollution()].flat(),
  ]
  const inputs = random.shuffle(made).slice(0, count)
  while (inputs.length < count) inputs.push(noise(random))
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  try {
    await inScratch(async (directory) => {
      for (const [index, driver] of driverNames.entries()) {
        const mine = inputs.filter((_, at) => at % driverNames.length === index)
        await giveAll(await Stage.open(driver, directory), mine, { figures, unhandled })
      }
    })
  } finally {
    process.off('unhandledRejection', note)
  }
  return figures
}

interface Books {
  readonly figures: BadInputFigures
  readonly unhandled: unknown[]
}

async function giveAll(stage: Stage, inputs: readonly BadInput[], { figures, unhandled }: Books): Promise<void> {
  const prototypes = prototypeKeys()
  for (const input of inputs) {
    figures.inputs++
    const complaints = [await judge(input, stage, figures), await stage.damage().catch((error) => `the engine is of no use: ${error}`)]
    // Node.js tells of an unhandled rejection when the microtasks have run.
    await new Promise(setImmediate)
    for (const reason of unhandled.splice(0)) complaints.push(`an unhandled rejection: ${reason}`)
    if (prototypeKeys() !== prototypes) complaints.push('a prototype has another key')
    for (const complaint of complaints) if (complaint !== null) figures.violations.push(`${stage.driver}: ${input.name}: ${complaint}`)
  }
  await stage.close()
}

/** What is wrong with how an input was received, or null. */
async function judge({ expected, throws, give }: BadInput, stage: Stage, figures: BadInputFigures): Promise<string | null> {
  let given: unknown
  try {
    given = give(stage)
  } catch (error) {
    count(error, figures)
    return throws ? whatIsUnclear(error) : `it threw before there was a promise: ${error}`
  }
  try {
    await given
  } catch (error) {
    count(error, figures)
    return expected === 'legal' ? `it was refused: ${error}` : whatIsUnclear(error)
  }
  figures.legal++
  return expected === 'refused' ? 'it was taken' : null
}

function count(error: unknown, { refusals }: BadInputFigures): void {
  const name = error instanceof Error ? error.name : typeof error
  refusals.set(name, (refusals.get(name) ?? 0) + 1)
}

/** What JavaScript says of a mistake in a program: our own messages say what was expected. */
const rawMessage =
  /undefined is not|is not a function|is not iterable|cannot read propert|cannot destructure|cannot use 'in'|cannot convert|cannot assign|\[object |parameter ""/i

function whatIsUnclear(error: unknown): string | null {
  if (!(error instanceof Error)) return `it was refused by what is no error: ${typeof error}`
  if (!isKnown(error)) return `it was refused by a ${error.name}: ${error.message}`
  if (error.message.trim() === '' || rawMessage.test(error.message)) return `its message says nothing: ${error.name}: ${error.message}`
  if (error.message.length > 4_000) return `its message has ${error.message.length} characters`
  if (error.stack === undefined || !error.stack.includes('\n    at ')) return `it has no stack: ${error.stack}`
  return null
}

/** Those of the library and of misuse. What has cost a thread, or has surprised the library itself, is no answer to an input. */
function isKnown(error: Error): boolean {
  if (error instanceof WorkerTerminatedError || error.name === 'InternalError') return false
  return error instanceof OffloopError || error instanceof TypeError || error instanceof RangeError || error.name === 'DataCloneError'
}

function prototypeKeys(): string {
  const all = [Object.prototype, Array.prototype, Function.prototype, Error.prototype, Map.prototype, Promise.prototype]
  return all.map((prototype) => Reflect.ownKeys(prototype).map(String).join()).join(';')
}

if (isProgram(import.meta)) {
  const seed = numberOption('seed', Date.now() % 1_000_000)
  const { inputs, legal, refusals, violations } = await giveBadInputs(numberOption('inputs', 3_000), seed)
  const counts = [...refusals].sort(([, one], [, other]) => other - one)
  report('bad-inputs', { inputs, legal, ...Object.fromEntries(counts.map(([name, times]) => [name, times])), 'as seed': seed }, violations)
}
