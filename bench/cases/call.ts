import { ComlinkClient } from '../baselines/comlink.ts'
import type { BenchCase } from '../bench-case.ts'
import { clientVariants, directVariant, offloopOpener } from './client-variants.ts'
import { sumPrices } from './worker-functions.ts'

const rows = 100_000
const module = new URL('./worker-functions.ts', import.meta.url)

export const call: BenchCase = {
  module: import.meta.url,
  name: 'call',
  title: 'call(): 10,000 statements in a worker function',
  unit: 'op',
  metrics: ['operationsPerSecond', 'microsPerOperation', 'mainThreadMicros', 'longestGapMs'],
  operations: (quick) => (quick ? 1_000 : 10_000),
  targets: [{ of: 'offloop', metric: 'operationsPerSecond', atLeast: 0.95, relativeTo: 'direct' }],
  variants(context) {
    const count = this.operations(context.quick)
    return [
      directVariant(context, { rows }, ({ handle }) => {
        const sum = sumPrices(handle, count, rows)
        return { answer: () => sum }
      }),
      ...clientVariants(context, [offloopOpener], {
        rows,
        workOf:
          ({ connection }) =>
          async () => {
            const sum = await connection.call<number>(module, 'sumPrices', count, rows)
            return { answer: () => sum }
          },
      }),
      ...clientVariants(context, [{ name: 'comlink', open: ComlinkClient.open }], {
        rows,
        workOf:
          ({ remote }) =>
          async () => {
            const sum = await remote.call(module.href, 'sumPrices', count, rows)
            return { answer: () => sum }
          },
      }),
    ]
  },
}
