import type { Client, OpenClientOptions } from '../baselines/client.ts'
import { DirectDatabase } from '../baselines/direct.ts'
import type { CaseContext, Outcome, Variant } from '../bench-case.ts'
import { OffloopClient } from '../offloop-client.ts'

export interface Opener<C extends Client> {
  readonly name: string
  open(file: string, options?: OpenClientOptions): Promise<C>
}

export const offloopOpener: Opener<OffloopClient> = { name: 'offloop', open: OffloopClient.open }

export interface DatabaseOptions extends OpenClientOptions {
  /** How many the table `item` begins with. */
  readonly rows: number
}

/** The driver called in a loop on the thread that is measured. */
export function directVariant(
  context: CaseContext,
  { rows, ...options }: DatabaseOptions,
  run: (database: DirectDatabase) => Outcome,
): Variant {
  return {
    name: 'direct',
    prepare: async () => {
      const database = new DirectDatabase(context.files.copy(rows), options)
      return { run: async () => run(database), close: async () => database.close() }
    },
  }
}

/** The same work for each of these clients, on databases of their own. `workOf` gives null for a client that has no way to do it. */
export function clientVariants<C extends Client>(
  context: CaseContext,
  openers: readonly Opener<C>[],
  { rows, workOf, ...options }: DatabaseOptions & { workOf(client: C): (() => Promise<Outcome>) | null },
): readonly Variant[] {
  return openers.map(({ name, open }) => ({
    name,
    prepare: async () => {
      const client = await open(context.files.copy(rows), options)
      const run = workOf(client)
      if (run !== null) return { run, close: () => client.close() }
      await client.close()
      return null
    },
  }))
}
