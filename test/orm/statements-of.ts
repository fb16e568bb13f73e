import { channel } from 'node:diagnostics_channel'

/** Runs work and gives the statements that it has sent. */
export async function statementsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  const seen: string[] = []
  const listen = (message: unknown) => seen.push((message as { readonly sql: string }).sql)
  channel('tracing:offloop:query:start').subscribe(listen)
  try {
    await work()
  } finally {
    channel('tracing:offloop:query:start').unsubscribe(listen)
  }
  return seen
}
