import type { BenchCase } from '../bench-case.ts'
import { pointInFlight, pointSequential } from './point-select.ts'

/** In the order of the report. */
export const allCases: readonly BenchCase[] = [pointSequential, pointInFlight]
