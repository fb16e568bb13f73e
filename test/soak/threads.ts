import type { Worker } from 'node:worker_threads'

const threads = new Set<Worker>()

process.on('worker', (worker) => {
  threads.add(worker)
  worker.once('exit', () => threads.delete(worker))
})

/** Threads of this process that have been started since this module was loaded and have not exited. */
export function livingThreads(): readonly Worker[] {
  return [...threads]
}
