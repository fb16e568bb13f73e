import type { Client } from '../baselines/client.ts'
import type { BenchCase } from '../bench-case.ts'
import { clientVariants, directVariant, offloopOpener } from './client-variants.ts'

export const fetchAll: BenchCase = {
  module: import.meta.url,
  name: 'fetch-all',
  title: '100,000 rows of 5 columns, all of them as objects',
  unit: 'row',
  metrics: ['operationsPerSecond', 'microsPerOperation', 'mainThreadMicros', 'longestGapMs'],
  operations: (quick) => (quick ? 10_000 : 100_000),
  targets: [
    { of: 'offloop', metric: 'operationsPerSecond', atLeast: 0.5, relativeTo: 'direct' },
    { of: 'offloop', metric: 'mainThreadMicros', atMost: 0.4, relativeTo: 'direct' },
    { of: 'offloop', metric: 'longestGapMs', atMost: 10 },
  ],
  async variants(context) {
    const rows = this.operations(context.quick)
    return [
      directVariant(context, { rows }, (database) => {
        const items = database.all()
        return { answer: () => items }
      }),
      ...clientVariants<Client>(context, [offloopOpener, ...(await context.loadBaselines())], {
        rows,
        workOf: (client) => async () => {
          const items = await client.all()
          return { answer: () => items }
        },
      }),
    ]
  },
}
