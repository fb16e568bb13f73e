import { channel } from 'node:diagnostics_channel'
import { types } from 'node:util'
import { lifetimePaths } from './canary-lifetimes.ts'
import { type Path, Scene } from './canary-scene.ts'
import { CanaryFinder, canaryOf } from './canary-secret.ts'
import { placesOf } from './canary-shown.ts'
import { statementPaths } from './canary-statements.ts'
import { urlPaths } from './canary-urls.ts'

// Goes down every path with a canary, or every `stride`-th, looks for it in all that is shown, and prints that as well. One line for each.
const [driver = '', seed = '', directory = '', stride = '1'] = process.argv.slice(2)

/** What became of one path. */
export interface PathOutcome {
  readonly path: string
  /** Texts that were searched. */
  readonly places: number
  /** Where the canary was, and how. */
  readonly hits: readonly string[]
  /** It neither failed nor showed anything, or failed in a way that is none. */
  readonly broken: string | null
}

const canary = canaryOf(Number(seed))
const finder = new CanaryFinder(canary)
let places = 0
let hits: string[] = []

function show(what: string, thing: unknown): void {
  for (const [place, text] of placesOf(thing)) {
    places++
    hits.push(...finder.find(text).map((disguise) => `${what}, ${place}: ${disguise}`))
  }
  // A long text is no way to print anything: a file of /proc, a report.
  if (typeof thing !== 'string') console.error(what, thing)
}

for (const name of ['query', 'connect', 'transaction']) {
  for (const event of ['start', 'end', 'asyncStart', 'asyncEnd', 'error']) {
    channel(`tracing:offloop:${name}:${event}`).subscribe((context) => show(`the context of ${name}:${event}`, context))
  }
}
process.on('warning', (warning) => show('a warning', warning))
process.on('unhandledRejection', (error) => show('an unhandled rejection', error))

const scene = new Scene({ canary, driver, directory, show })
const paths = Object.entries({ ...urlPaths, ...statementPaths, ...lifetimePaths })
for (const [path, go] of paths.filter((_, index) => index % Number(stride) === 0)) {
  places = 0
  hits = []
  const broken = await follow(go)
  await scene.leave()
  const outcome: PathOutcome = { path, places, hits: [...new Set(hits)], broken }
  console.log(JSON.stringify(outcome))
}
await scene.end()
tellWhatKeepsItAlive()

/** Goes down one path; says what is wrong with the path itself. */
async function follow(go: Path): Promise<string | null> {
  try {
    await go(scene)
    return places === 0 ? 'it did not fail' : null
  } catch (error) {
    show('its error', error)
    return error instanceof Error && error.message.startsWith('it was to fail') ? error.message : null
  }
}

/** With every engine closed the process ends by itself. One that does not fails, and says what is left. */
function tellWhatKeepsItAlive(): void {
  const tell = (): void => {
    const { _getActiveHandles: activeHandles } = process as unknown as { _getActiveHandles(): readonly object[] }
    for (const handle of activeHandles.call(process)) console.error('left:', handle.constructor.name, ...listenersOf(handle))
    const { libuv } = process.report.getReport() as { readonly libuv?: unknown }
    console.error(JSON.stringify(libuv))
    process.exit(1)
  }
  setTimeout(tell, 10_000).unref()
}

/** The text of whatever listens to a port tells whose it is. */
function listenersOf(handle: object): readonly string[] {
  const events = Object.getOwnPropertySymbols(handle).map((symbol) => Reflect.get(handle, symbol) as unknown)
  // Node.js's own kind of Map, which is no `Map`.
  const maps = events.filter((each) => types.isMap(each)) as Map<string, { readonly next?: { readonly listener?: unknown } }>[]
  return maps.flatMap((map) => [...Map.prototype.entries.call(map)]).map(([name, root]) => `${name}: ${String(root.next?.listener)}`)
}
