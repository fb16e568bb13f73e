import type { Client } from '../baselines/client.ts'
import type { BenchCase, CaseContext, Variant } from '../bench-case.ts'
import { idAt } from '../item.ts'
import { inFlightSizes, neighbours, sizedName } from '../sizes.ts'
import { clientVariants, type Opener, offloopOpener } from './client-variants.ts'
import { gatherTasks } from './run-tasks.ts'

const rows = 100_000

export const inFlightInProportion: BenchCase = {
  module: import.meta.url,
  name: inFlightSizes.caseName,
  title: 'point select, 1 to 512 in flight, one connection',
  unit: 'op',
  metrics: ['operationsPerSecond', 'mainThreadMicros', 'longestGapMs'],
  operations: (quick) => (quick ? 2_000 : 12_800),
  maxRounds: 5,
  // No cliff: what more in flight does not speed up, it does not slow down either.
  targets: neighbours(inFlightSizes).map((names) => ({ ...names, metric: 'operationsPerSecond', atLeast: 0.8 })),
  async variants(context) {
    const count = this.operations(context.quick)
    const openers = [offloopOpener, ...(await context.loadBaselines('border'))]
    return inFlightSizes.values.flatMap((size) => variantsOf(context, openers, { size, count }))
  },
}

interface Tasks {
  /** How many are in flight. */
  readonly size: number
  readonly count: number
}

function variantsOf(context: CaseContext, openers: readonly Opener<Client>[], { size, count }: Tasks): readonly Variant[] {
  const variants = clientVariants<Client>(context, openers, {
    rows,
    workOf: (client) => async () => {
      const found = await gatherTasks(size, count, (index) => client.get(idAt(index, rows)))
      return { answer: () => found }
    },
  })
  return variants.map((variant) => ({ ...variant, name: sizedName(variant.name, size, inFlightSizes) }))
}
