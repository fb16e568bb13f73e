const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** How long work that was interrupted may take to end in good order. */
const longestEndMs = 2_000

/**
 * Runs work that Ctrl-C gives up: the first time by the signal it is handed, so that it leaves nothing half done, the second time at once. The process
 * then ends by what has interrupted it: a shell that runs a list of commands stops there.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController()
  let received: NodeJS.Signals | undefined
  const onSignal = (signal: NodeJS.Signals): void => {
    if (received !== undefined) end(signal)
    received = signal
    abort.abort()
    // Work inside a native call can end nothing by itself: whatever it has open the database takes back.
    setTimeout(() => end(signal), longestEndMs).unref()
  }
  const stopListening = (): void => {
    for (const signal of signals) process.off(signal, onSignal)
  }
  const end = (signal: NodeJS.Signals): void => {
    stopListening()
    process.kill(process.pid, signal)
  }
  for (const signal of signals) process.on(signal, onSignal)
  try {
    return await work(abort.signal)
  } finally {
    stopListening()
    if (received !== undefined) end(received)
  }
}
