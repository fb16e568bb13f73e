/** What of a value cannot be copied to another thread, in words that hold nothing of it. */
export function describeUncloneable(value: unknown): string {
  const found = firstUncloneable(value)
  if (typeof found === 'function' || typeof found === 'symbol')
    return found === value ? `a ${typeof found}` : `a ${typeof found} inside of it`
  const what = className(found) ?? 'what is none of plain data'
  return found === value ? what : `${what} inside of it`
}

function firstUncloneable(value: unknown): unknown {
  try {
    return findUncloneable(value, new Set()) ?? value
  } catch {
    // It is nested deeper than calls can be: that is what is in the way.
    return value
  }
}

/** The first part that cannot be, or undefined where each part by itself can. */
function findUncloneable(value: unknown, seen: Set<object>): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') return value
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined
  seen.add(value)
  const members = membersOf(value)
  if (members === null) return canBeCloned(value) ? undefined : value
  for (const member of members) {
    const found = findUncloneable(member, seen)
    if (found !== undefined) return found
  }
  return undefined
}

/** Of what is copied member by member; null for all else. */
function membersOf(value: object): readonly unknown[] | null {
  try {
    if (Array.isArray(value)) return value
    if (value instanceof Map) return [...value].flat()
    if (value instanceof Set) return [...value]
    const prototype: unknown = Object.getPrototypeOf(value)
    return prototype === null || prototype === Object.prototype ? Object.values(value) : null
  } catch {
    // A getter or a Proxy of the user's own.
    return null
  }
}

function canBeCloned(value: object): boolean {
  try {
    structuredClone(value)
    return true
  } catch {
    return false
  }
}

function className(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  try {
    const name: unknown = Object.getPrototypeOf(value)?.constructor?.name
    return typeof name === 'string' && name !== '' && name !== 'Object' ? `an object of class ${name.slice(0, 60)}` : undefined
  } catch {
    return undefined
  }
}
