import type { BenchCase, CaseContext, Outcome, Variant } from '../bench-case.ts'
import { type Item, selectItems } from '../item.ts'
import { neighbours, rowSizes, sizedName } from '../sizes.ts'
import { clientVariants, directVariant, offloopOpener } from './client-variants.ts'

const rows = 100_000
const select = `${selectItems} limit ?`

export const rowsInProportion: BenchCase = {
  module: import.meta.url,
  name: rowSizes.caseName,
  title: 'results of 1 to 100,000 rows, one after another',
  unit: 'row',
  metrics: ['microsPerOperation', 'microsPerResult', 'mainThreadMicros', 'longestGapMs'],
  operations: () => rows,
  maxRounds: 5,
  // No cliff: ten times as many rows cost no more than that, but for what the collector takes of the large ones.
  targets: neighbours(rowSizes).map((names) => ({ ...names, metric: 'microsPerOperation', atMost: 1.5 })),
  variants: (context) => rowSizes.values.flatMap((size) => variantsOf(context, size)),
}

function variantsOf(context: CaseContext, size: number): readonly Variant[] {
  // As many rows a run as of the largest result, but of small ones no more than take some milliseconds.
  const results = Math.ceil(Math.min(rows / size, 2_000) / (context.quick ? 10 : 1))
  const work = { name: `${size} rows`, operations: results * size }
  const variants = [
    directVariant(context, { rows }, ({ handle }) => {
      const statement = handle.prepare<[number], Item>(select)
      const timed = new TimedResults()
      for (let n = 0; n < results; n++) timed.add(statement.all(size))
      return timed.outcome()
    }),
    ...clientVariants(context, [offloopOpener], {
      rows,
      workOf:
        ({ connection }) =>
        async () => {
          const timed = new TimedResults()
          for (let n = 0; n < results; n++) timed.add(await connection.execute<Item>(select, [size]).fetchall())
          return timed.outcome()
        },
    }),
  ]
  return variants.map((variant) => ({ ...variant, name: sizedName(variant.name, size, rowSizes), work }))
}

/** Keeps the last result only: to hold all of them is no part of the work. */
class TimedResults {
  readonly #startedAt = performance.now()
  #results = 0
  #rows = 0
  #last: readonly Item[] = []

  add(items: readonly Item[]): void {
    this.#results++
    this.#rows += items.length
    this.#last = items
  }

  outcome(): Outcome {
    const microsPerResult = (1_000 * (performance.now() - this.#startedAt)) / this.#results
    return { answer: () => ({ rows: this.#rows, last: this.#last }), metrics: { microsPerResult } }
  }
}
