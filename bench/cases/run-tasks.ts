/** Keeps `inFlight` operations going at any time until `count` have been done, as that many users would: each awaits one after another. */
export async function runTasks(inFlight: number, count: number, operation: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const task = async (): Promise<void> => {
    while (next < count) await operation(next++)
  }
  await Promise.all(Array.from({ length: inFlight }, task))
}

/** The same, for what the operations give: in the order of the indexes. */
export async function gatherTasks<T>(inFlight: number, count: number, operation: (index: number) => Promise<T>): Promise<readonly T[]> {
  const found = new Array<T>(count)
  await runTasks(inFlight, count, async (index) => {
    found[index] = await operation(index)
  })
  return found
}
