import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, statSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { createEngine } from 'offloop'
import { exportData, type FileFormat, importData } from 'offloop/data'
import { tableOption } from '../data/table-option.ts'
import { sampleMemory } from './process-figures.ts'
import { inScratch, isProgram, numberOption, report } from './scratch.ts'

// Many rows out of a file into a table, and out of the table into another file, which is the same: with flat memory, and without ever keeping the
// main thread for long.

/** One file read or written. */
interface Leg {
  readonly name: string
  readonly rowsPerSecond: number
  /** The most that the process had at any time, over what it had before. */
  readonly rssGrowthMb: number
  /** How much more was in use, after everything that can go had gone, behind the last row than behind half of them. */
  readonly lateGrowthMb: number
  /** For so long nothing else in the program could run. */
  readonly longestGapMs: number
  /** For so long this thread worked at a stretch: what is more in a gap is the machine's, which had other things to do. */
  readonly longestWorkMs: number
}

export interface DataFigures {
  /** Of ten rows each, which load the packages for their formats and warm up all else. */
  readonly firstLegs: Leg[]
  readonly legs: Leg[]
  /** How long the machine itself keeps this thread from running while another one is busy. */
  idleGapMs: number
  readonly violations: string[]
}

/** Of the rows, what part goes through each format: YAML is read far more slowly than the others. */
const shares: Readonly<Record<FileFormat, number>> = { csv: 1, jsonl: 0.5, json: 0.5, yaml: 0.02 }
const formats = Object.keys(shares) as readonly FileFormat[]
const maxWorkMs = 15
const maxLateGrowthMb = 8
const sampleEveryMs = 20

export async function moveRows(rows: number): Promise<DataFigures> {
  const figures: DataFigures = { firstLegs: [], legs: [], idleGapMs: await idleGap(rows), violations: [] }
  const { firstLegs, legs, violations } = figures
  await inScratch(async (directory) => {
    for (const format of formats) await roundTrip(directory, { format, rows: 10, legs: firstLegs, violations })
    for (const format of formats) await roundTrip(directory, { format, rows: Math.ceil(rows * shares[format]), legs, violations })
  })
  return figures
}

interface Trip {
  readonly format: FileFormat
  readonly rows: number
  readonly legs: Leg[]
  readonly violations: string[]
}

async function roundTrip(directory: string, { format, rows, legs, violations }: Trip): Promise<void> {
  const given = pathToFileURL(join(directory, `given.${format}`))
  const written = pathToFileURL(join(directory, `written.${format}`))
  await pipeline(fileText(format, rows), createWriteStream(given))
  const engine = createEngine(`sqlite:///${join(directory, `${format}-${rows}.db`)}`)
  try {
    await engine.execute(
      'create table item (id integer primary key, name varchar(40) not null, price real, seen datetime, amount integer, note text)',
    )
    const table = tableOption(format, 'item')
    // With a signal, to which nothing of the rows may stay tied.
    const { signal } = new AbortController()
    const loaded = await leg(`${format} in`, rows, (onProgress) => importData(engine, given, { format, ...table, onProgress, signal }))
    const saved = await leg(`${format} out`, rows, (onProgress) =>
      exportData(engine, written, { format, table: 'item', onProgress, signal }),
    )
    legs.push(loaded, saved)
    for (const { name, lateGrowthMb } of [loaded, saved])
      if (lateGrowthMb > maxLateGrowthMb) violations.push(`${name}: ${lateGrowthMb} MB more were in use in the end than half-way`)
    const same = statSync(given).size === statSync(written).size && (await digestOf(given)) === (await digestOf(written))
    if (!same) violations.push(`${format}: what was written is not what was read`)
  } finally {
    await engine.close()
  }
}

type Work = (onProgress: (progress: { readonly rows: number }) => void) => Promise<{ readonly rowcount: number }>

async function leg(name: string, rows: number, work: Work): Promise<Leg> {
  const before = process.memoryUsage.rss()
  let peak = before
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, sampleEveryMs)
  const inUse: number[] = []
  let told = 0
  try {
    const { elapsedMs, result, ...longest } = await watchLoop((uncounted) =>
      work((progress) => {
        told = progress.rows
        const halves = Math.floor((2 * told) / rows)
        if (halves > inUse.length) uncounted(() => inUse.push(sampleMemory().bytes))
      }),
    )
    if (result.rowcount !== rows || told !== rows) throw new Error(`${name}: ${result.rowcount} of ${rows} rows, and ${told} were told`)
    const [halfway = 0, end = halfway] = inUse
    const sizes = { rssGrowthMb: megabytes(peak - before), lateGrowthMb: megabytes(end - halfway) }
    return { name, rowsPerSecond: Math.round((rows / elapsedMs) * 1_000), ...sizes, ...longest }
  } finally {
    clearInterval(timer)
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20)
}

interface Watched<T> extends Pick<Leg, 'longestGapMs' | 'longestWorkMs'> {
  readonly result: T
  readonly elapsedMs: number
}

/** Looks each millisecond how late it is, and how long this thread has worked since the last time; but for what is `uncounted`. */
async function watchLoop<T>(work: (uncounted: (fn: () => void) => void) => Promise<T>): Promise<Watched<T>> {
  const start = performance.now()
  let longestGapMs = 0
  let longestWorkMs = 0
  let last = { at: start, cpu: threadCpuMs() }
  const tick = (): void => {
    const next = { at: performance.now(), cpu: threadCpuMs() }
    longestGapMs = Math.max(longestGapMs, next.at - last.at)
    longestWorkMs = Math.max(longestWorkMs, next.cpu - last.cpu)
    last = next
  }
  const timer = setInterval(tick, 1)
  try {
    const result = await work((fn) => {
      tick()
      fn()
      last = { at: performance.now(), cpu: threadCpuMs() }
    })
    tick()
    return { result, elapsedMs: performance.now() - start, longestGapMs, longestWorkMs }
  } finally {
    clearInterval(timer)
  }
}

/** Since Node.js 23.9; the types are those of the oldest version that the package runs on. */
interface ThreadCpuUsage {
  threadCpuUsage(): { readonly user: number; readonly system: number }
}

function threadCpuMs(): number {
  const { user, system } = (process as unknown as ThreadCpuUsage).threadCpuUsage()
  return (user + system) / 1_000
}

/** The text that an export of the rows has. */
function* fileText(format: FileFormat, rows: number): Generator<string> {
  const writer = writers[format]
  let piece = writer.begin
  for (let id = 1; id <= rows; id++) {
    piece += writer.row(itemOf(id), id === 1)
    if (piece.length < 65_536) continue
    yield piece
    piece = ''
  }
  yield piece + writer.end
}

interface Item {
  readonly id: number
  readonly name: string
  readonly price: number
  readonly seen: string
  readonly amount: number | null
  readonly note: string
}

function itemOf(id: number): Item {
  const seen = new Date(1_600_000_000_000 + id * 1_000).toISOString()
  return {
    id,
    name: `item number ${id}`,
    price: id + 0.5,
    seen,
    amount: id % 7 === 0 ? null : id % 1_000,
    note: id % 5 === 0 ? 'with "quotes", and commas' : '',
  }
}

interface Writer {
  readonly begin: string
  row(item: Item, isFirst: boolean): string
  readonly end: string
}

const model = '"model":"item"'
const writers: Readonly<Record<FileFormat, Writer>> = {
  csv: {
    begin: 'id,name,price,seen,amount,note\n',
    row: ({ id, name, price, seen, amount, note }) => `${id},${name},${price},${seen},${amount ?? ''},"${note.replaceAll('"', '""')}"\n`,
    end: '',
  },
  jsonl: { begin: '', row: (item) => `${JSON.stringify(item)}\n`, end: '' },
  json: { begin: `[\n{${model},"data":[`, row: (item, isFirst) => `${isFirst ? '' : ','}\n${JSON.stringify(item)}`, end: ']}\n]\n' },
  yaml: {
    begin: '- model: item\n  data:\n',
    row: ({ id, name, price, seen, amount, note }) =>
      `    - id: ${id}\n      name: ${name}\n      price: ${price}\n      seen: "${seen}"\n      amount: ${amount}\n      note: ${JSON.stringify(note)}\n`,
    end: '',
  },
}

async function digestOf(file: URL): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** Does nothing at all while another thread is as busy as the one that is at the database. */
async function idleGap(rows: number): Promise<number> {
  const busyMs = Math.min(10_000, rows / 100)
  const { longestGapMs } = await watchLoop(async () => {
    const worker = new Worker(new URL('../../bench/cases/busy-worker.mjs', import.meta.url), { workerData: busyMs })
    await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
  })
  return longestGapMs
}

if (isProgram(import.meta)) {
  const { firstLegs, legs, idleGapMs, violations } = await moveRows(numberOption('rows', 1_000_000))
  for (const { name, rowsPerSecond, rssGrowthMb, lateGrowthMb, longestGapMs, longestWorkMs } of legs) {
    const gap = `longest gap ${longestGapMs.toFixed(1)} ms with ${longestWorkMs.toFixed(1)} ms of work`
    console.log(
      `${name.padEnd(9)} ${rowsPerSecond} rows/s, ${rssGrowthMb} MB more memory at most, ${lateGrowthMb} MB more in use behind all rows than half-way, ${gap}`,
    )
    if (longestWorkMs > maxWorkMs) violations.push(`${name}: the main thread worked for ${longestWorkMs.toFixed(1)} ms at a stretch`)
  }
  const firstWorkMs = Math.max(...firstLegs.map(({ longestWorkMs }) => longestWorkMs)).toFixed(1)
  report(
    'data',
    {
      'ms of work at a stretch to load what is needed': firstWorkMs,
      'ms is the longest gap of a thread that does nothing': idleGapMs.toFixed(1),
    },
    violations,
  )
}
