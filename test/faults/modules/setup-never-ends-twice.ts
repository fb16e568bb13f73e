let runs = 0

/** Ends for a thread's first connection, and never again. */
export default async function setup(): Promise<void> {
  if (++runs > 1) await new Promise(() => {})
}
