import type { Client, ClientFactory } from '../baselines/client.ts'
import { DirectDatabase } from '../baselines/direct.ts'
import type { CaseContext, Outcome, Variant } from '../bench-case.ts'
import { OffloopClient } from '../offloop-client.ts'

export const offloopFactory: ClientFactory = { name: 'offloop', open: OffloopClient.open }

/** The driver called in a loop on the thread that is measured. */
export function directVariant(context: CaseContext, rows: number, run: (database: DirectDatabase) => Outcome): Variant {
  return {
    name: 'direct',
    prepare: async () => {
      const database = new DirectDatabase(context.files.copy(rows))
      return { run: async () => run(database), close: async () => database.close() }
    },
  }
}

/** The same body for each of these clients, on databases of their own with that many rows. */
export function clientVariants<C extends Client>(
  context: CaseContext,
  factories: readonly { readonly name: string; open(file: string): Promise<C> }[],
  { rows, run }: { readonly rows: number; run(client: C): Promise<Outcome> },
): readonly Variant[] {
  return factories.map(({ name, open }) => ({
    name,
    prepare: async () => {
      const client = await open(context.files.copy(rows))
      return { run: () => run(client), close: () => client.close() }
    },
  }))
}
