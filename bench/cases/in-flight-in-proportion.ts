import type { Client } from '../baselines/client.ts'
import type { BenchCase, CaseContext, Variant } from '../bench-case.ts'
import { idAt } from '../item.ts'
import { inFlightSizes, neighbours, sizedName } from '../sizes.ts'
import { clientVariants, offloopOpener } from './client-variants.ts'
import { gatherTasks } from './run-tasks.ts'

const rows = 100_000

export const inFlightInProportion: BenchCase = {
  name: inFlightSizes.caseName,
  title: 'point select, 1 to 512 in flight, one connection',
  unit: 'op',
  metrics: ['operationsPerSecond', 'mainThreadMicros', 'longestGapMs'],
  operations: (quick) => (quick ? 2_000 : 12_800),
  maxRounds: 5,
  // No cliff: what more in flight does not speed up, it does not slow down either.
  targets: neighbours(inFlightSizes).map((names) => ({ ...names, metric: 'operationsPerSecond', atLeast: 0.8 })),
  variants(context) {
    const count = this.operations(context.quick)
    return inFlightSizes.values.flatMap((size) => variantsOf(context, size, count))
  },
}

function variantsOf(context: CaseContext, size: number, count: number): readonly Variant[] {
  const openers = [offloopOpener, ...context.baselines.filter(({ name }) => name === 'border')]
  const variants = clientVariants<Client>(context, openers, {
    rows,
    workOf: (client) => async () => {
      const found = await gatherTasks(size, count, (index) => client.get(idAt(index, rows)))
      return { answer: () => found }
    },
  })
  return variants.map((variant) => ({ ...variant, name: sizedName(variant.name, size, inFlightSizes) }))
}
