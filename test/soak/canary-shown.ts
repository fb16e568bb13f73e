import { format, inspect } from 'node:util'
import { serialize } from 'node:v8'

/** One place in which something can be read, and what stands there. */
export type Place = readonly [name: string, text: string]

const everything = { depth: 10, showHidden: true, maxArrayLength: null, maxStringLength: null }

/** Every way in which a thing, an error above all, can be printed, logged, walked through and stored. */
export function placesOf(thing: unknown): readonly Place[] {
  return [
    ['String()', attempt(() => String(thing))],
    ['inspect', inspect(thing)],
    ['inspect to depth 10', inspect(thing, everything)],
    ['inspect with getters', inspect(thing, { ...everything, getters: true })],
    ['inspect of the bare object', inspect(thing, { ...everything, customInspect: false })],
    ['%s', attempt(() => format('%s', thing))],
    ['%o', format('%o', thing)],
    ['JSON', attempt(() => JSON.stringify(thing) ?? '')],
    ['its clone', attempt(() => serialize(thing).toString('latin1'))],
    ...walk(thing, 'it', { depth: 0, seen: new Set() }),
  ]
}

interface Step {
  readonly depth: number
  readonly seen: Set<unknown>
}

/** Every own property at any depth, hidden ones and symbols too: `cause`, `errors`, what a Map holds. */
function walk(thing: unknown, path: string, { depth, seen }: Step): Place[] {
  if ((typeof thing !== 'object' && typeof thing !== 'function') || thing === null) return [[path, attempt(() => String(thing))]]
  if (depth > 10 || seen.has(thing)) return []
  seen.add(thing)
  const next = { depth: depth + 1, seen }
  const places: Place[] = []
  for (const key of Reflect.ownKeys(thing)) {
    const name = `${path}.${String(key)}`
    places.push([`the name of ${path}`, String(key)])
    try {
      places.push(...walk(Reflect.get(thing, key), name, next))
    } catch (error) {
      places.push([name, String(error)])
    }
  }
  if (thing instanceof Map)
    for (const [key, value] of thing) places.push(...walk(key, `${path}(key)`, next), ...walk(value, `${path}()`, next))
  if (thing instanceof Set) for (const value of thing) places.push(...walk(value, `${path}()`, next))
  if (thing instanceof Error) places.push([`${path} as text`, attempt(() => `${thing}`)], [`${path}.name`, attempt(() => thing.name)])
  return places
}

/** What a function gives, or what it throws, which is a place like any other. */
function attempt(show: () => string): string {
  try {
    return show()
  } catch (error) {
    return inspect(error)
  }
}
