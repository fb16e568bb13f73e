import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** A run of chosen tests skips all the others. */
const maxReasons = 20

/**
 * Ends a run with one line that says what was skipped and why, and one that counts: `12 passed, 0 failed, 1 skipped`, alone on its line for
 * whoever reads the output by program.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 }
    const skipped = new Map<string, number>()
    for (const module of modules) {
      counts.failed += countBrokenSuites(module)
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        counts[state]++
        if (state === 'skipped') skipped.set(reasonOf(test), (skipped.get(reasonOf(test)) ?? 0) + 1)
      }
    }
    const reasons = [...skipped].map(([reason, times]) => `${reason} (${times})`)
    const more = reasons.length > maxReasons ? ` and ${reasons.length - maxReasons} more` : ''
    if (reasons.length > 0) console.log(`skipped: ${reasons.slice(0, maxReasons).join('; ')}${more}`)
    // A test that never ended counts as failed: it is what a run that was cut short leaves behind.
    console.log(`${counts.passed} passed, ${counts.failed + counts.pending} failed, ${counts.skipped} skipped`)
  }
}

/** Files that could not be loaded and suites whose hooks threw: their tests did not run, so none of them counts as failed. */
function countBrokenSuites(module: TestModule): number {
  const suites = [module, ...module.children.allSuites()]
  return suites.filter((suite) => suite.errors().length > 0).length
}

/** What the test said to `skip()`, or else where it stands. */
function reasonOf(test: TestCase): string {
  const result = test.result()
  const note = result.state === 'skipped' ? result.note : undefined
  return note ?? test.fullName
}
