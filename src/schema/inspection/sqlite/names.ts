/** A name as SQLite compares it: capitals of ASCII are none. */
export function foldCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

export function isSameName(one: string, other: string): boolean {
  return foldCase(one) === foldCase(other)
}

export function areSameNames(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((name, index) => isSameName(name, others[index] ?? ''))
}
