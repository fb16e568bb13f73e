import type { AsyncEngine } from '../engine/contract.ts'

/** Engines whose native calls are in threads of this process, where nothing ends them. */
const inThreads = new WeakSet<AsyncEngine>()
let stuck = false

/** To be said of an engine whose native calls are in threads of this process. */
export function runsInThreads(engine: AsyncEngine): AsyncEngine {
  inThreads.add(engine)
  return engine
}

/** Closes the engine of a command. A statement that was given up inside a native call is not waited for. */
export async function closeEngine(engine: AsyncEngine, { force }: { readonly force: boolean }): Promise<void> {
  const wasStuck = isStuck(engine)
  await engine.close({ force: force || wasStuck, timeoutMs: 1_000 })
  if (wasStuck && inThreads.has(engine)) stuck = true
}

/** Whether a statement that was given up is inside a native call. */
export function isStuck(engine: AsyncEngine): boolean {
  return engine.status().quarantined > 0
}

/** A thread that is inside a native call keeps its process, even from an exit, unless that is killed: the last thing that a command does. */
export function endIfStuck(): void {
  if (stuck) process.kill(process.pid, 'SIGTERM')
}
