import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'

/** Runs of this process that have not ended. */
const running = new Set<string>()

/** Tells others who runs a migration: `host/process/run`. It counts as alive until `end` is called or its process ends. */
export class RunOwner {
  readonly id = `${hostname().slice(0, 200)}/${process.pid}/${randomUUID()}`

  constructor() {
    running.add(this.id)
  }

  end(): void {
    running.delete(this.id)
  }
}

/** False for a run whose process has ended; one of another machine cannot be asked, and counts as ended. */
export function isAlive(owner: string): boolean {
  const [host, pid] = owner.split('/')
  if (host !== hostname().slice(0, 200)) return false
  if (Number(pid) === process.pid) return running.has(owner)
  try {
    return process.kill(Number(pid), 0)
  } catch (error) {
    // It is there, and somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
