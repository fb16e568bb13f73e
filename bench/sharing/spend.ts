let value = 1

/** Keeps its thread busy for so many steps. */
export function spend(steps: number): void {
  for (let step = 0; step < steps; step++) value = (Math.imul(value, 1_664_525) + 1_013_904_223) | 0
}

/** How many steps a microsecond takes, on a core that is not shared. */
export function stepsInMicrosecond(): number {
  const steps = 1_000_000
  let fastest = Number.POSITIVE_INFINITY
  for (let round = 0; round < 20; round++) {
    const start = performance.now()
    spend(steps)
    fastest = Math.min(fastest, performance.now() - start)
  }
  return steps / (fastest * 1_000)
}
