import { parseArgs } from 'node:util'

export interface BenchOptions {
  /** Parts of the names of the cases to run; empty for all. */
  readonly cases: readonly string[]
  /** The names of the variants to run; empty for all. */
  readonly variants: readonly string[]
  readonly rounds: number
  /** Few operations and rounds: shows that everything works, and no figure worth keeping. */
  readonly quick: boolean
  /** Only draws the charts of the results that are there. */
  readonly chart: boolean
  /** Where the databases are made: on a disk, or commits cost nothing. */
  readonly directory: string | undefined
  /** Where results.json and the charts go, made if need be; without it only a complete run writes them, into bench/. */
  readonly output: string | undefined
}

export const usage = `npm run bench -- [options]
  --case=NAME     cases whose name contains NAME; several separated by commas
  --variant=NAME  only the ways of that name to do it: --variant=offloop,border
  --rounds=N      counted rounds after the one that warms up (5, or 1 with --quick)
  --quick         small numbers, to see that everything works
  --directory=DIR where the databases are made (the system's directory for temporary files)
  --output=DIR    where results.json and the charts are written; by default a complete run writes them into bench/
  --chart         runs nothing, and draws the charts of the results.json in bench/, or of --output`

/**
 * Null when help is what is wanted.
 *
 * @throws {TypeError} an option is unknown or has no meaning
 */
export function parseOptions(args: readonly string[]): BenchOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      case: { type: 'string' },
      variant: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      chart: { type: 'boolean', default: false },
      directory: { type: 'string' },
      output: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5))
  if (!Number.isInteger(rounds) || rounds < 1) throw new TypeError(`--rounds expects a whole number of at least 1, not "${values.rounds}".`)
  return {
    cases: values.case?.split(',') ?? [],
    // Some names have a comma, and a space behind it.
    variants: values.variant?.split(/,(?! )/) ?? [],
    rounds,
    quick: values.quick,
    chart: values.chart,
    directory: values.directory,
    output: values.output,
  }
}
