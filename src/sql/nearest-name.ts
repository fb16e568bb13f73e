/**
 * The end of a sentence that refuses an unknown name: ` Did you mean "readers"?`, or nothing when no known name is near.
 */
export function didYouMean(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known)
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`
}

/** A name out of a stranger's hands, fit to be printed: short, on one line, and a whole text. */
export function printableName(name: string): string {
  const short = name.length > 60 ? `${name.slice(0, 60)}…` : name
  return JSON.stringify(short.toWellFormed())
}

function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > 60) return undefined
  const lower = name.toLowerCase()
  const maxDistance = name.length <= 4 ? 1 : name.length <= 8 ? 2 : 3
  let nearest: string | undefined
  let nearestDistance = maxDistance + 1
  for (const candidate of known) {
    const distance = editDistance(lower, candidate.toLowerCase())
    if (distance < nearestDistance) {
      nearest = candidate
      nearestDistance = distance
    }
  }
  return nearest
}

/** Levenshtein's distance, one row at a time. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1)
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[to.length] ?? 0
}
