import type { ClientFactory } from './baselines/client.ts'
import type { MapperFactory } from './baselines/mapper.ts'
import type { DatabaseFiles } from './item.ts'

/** What can be told about a run. The first five are taken of every run, the others by the cases that know them. */
export type Metric =
  | 'operationsPerSecond'
  | 'microsPerOperation'
  /** Main-thread cost of one operation, in microseconds: the smaller of event-loop active time and CPU time of the thread. */
  | 'mainThreadMicros'
  /** The longest time that the event loop served nobody. */
  | 'longestGapMs'
  | 'elapsedMs'
  | 'microsPerResult'
  | 'p50Ms'
  | 'p99Ms'
  | 'liveHeapMb'
  | 'connectMs'
  | 'importMs'
  | 'kyselyModules'

export type Metrics = Partial<Readonly<Record<Metric, number>>>

/** What must hold for a variant, alone or in comparison with another one of the same round. */
export type Target = {
  readonly of: string
  readonly metric: Metric
  /** Multiplies the limit with what this variant has. */
  readonly relativeTo?: string
} & ({ readonly atLeast: number } | { readonly atMost: number })

export interface Outcome {
  /** What the work gave, taken after the measurement: all variants with the same work must answer the same. It also puts things back. */
  readonly answer: () => unknown
  /** What the case has measured by itself. */
  readonly metrics?: Metrics
}

/** A variant that is ready to run, any number of times. */
export interface Prepared {
  run(): Promise<Outcome>
  /** Measurements that would disturb the others: made once, before the first round. */
  observe?(): Promise<Metrics>
  close(): Promise<void>
}

/** What a variant does, in a case whose variants do not all do the same. */
export interface Work {
  /** Variants with the same one must answer the same. */
  readonly name: string
  /** How many operations, or rows, a run of it has. */
  readonly operations: number
}

export interface Variant {
  readonly name: string
  readonly work?: Work
  /** Opens everything that the work needs; nothing of it is measured. Null: it has no way to do this. */
  prepare(): Promise<Prepared | null>
}

export interface CaseContext {
  readonly quick: boolean
  /** Whether the variant of that name was asked for. */
  wants(name: string): boolean
  readonly files: DatabaseFiles
  /**
   * The baselines of these names that can be loaded, or without names every one. A case loads what it runs: some bring so much code along that
   * collecting garbage takes longer with them, for everybody.
   */
  readonly loadBaselines: (...names: readonly string[]) => Promise<readonly ClientFactory[]>
  /** Every object mapper that can be loaded. */
  readonly loadMappers: () => Promise<readonly MapperFactory[]>
}

export interface BenchCase {
  /** The URL of the module that exports it, by itself or in a list: all that its process loads. */
  readonly module: string
  /** For `--case=name`, and in the results. */
  readonly name: string
  readonly title: string
  readonly unit: 'op' | 'row'
  /** What its table shows, the most telling first: ratios are made of that one. */
  readonly metrics: readonly [Metric, ...Metric[]]
  /** How many operations, or rows, a run has: the most of any variant where they differ. */
  operations(quick: boolean): number
  /** Fewer rounds than the others, where a run takes long. */
  readonly maxRounds?: number
  readonly targets: readonly Target[]
  variants(context: CaseContext): readonly Variant[] | Promise<readonly Variant[]>
}
