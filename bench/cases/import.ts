import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { BenchCase, Prepared } from '../bench-case.ts'
import { median } from '../statistics.ts'

const program = fileURLToPath(new URL('./import-program.mjs', import.meta.url))
const run = promisify(execFile)

export const importing: BenchCase = {
  module: import.meta.url,
  name: 'import',
  title: 'import, each in a process of its own',
  unit: 'op',
  metrics: ['importMs', 'kyselyModules'],
  operations: (quick) => (quick ? 1 : 5),
  targets: [
    { of: 'offloop', metric: 'importMs', atMost: 2, relativeTo: 'piscina' },
    { of: 'offloop', metric: 'kyselyModules', atMost: 0 },
  ],
  variants(context) {
    const count = this.operations(context.quick)
    return ['offloop', 'piscina', 'comlink', 'better-sqlite3'].map((name) => ({ name, prepare: async () => importsOf(name, count) }))
  },
}

function importsOf(specifier: string, count: number): Prepared {
  return {
    run: async () => {
      const times: number[] = []
      for (let n = 0; n < count; n++) times.push((await importOnce(specifier, 'time')).milliseconds)
      return { answer: () => null, metrics: { importMs: median(times) } }
    },
    observe: async () => ({ kyselyModules: (await importOnce(specifier, 'modules')).kyselyModules }),
    close: async () => {},
  }
}

interface ImportReport {
  readonly milliseconds: number
  readonly kyselyModules: number
}

/** Looking at modules as they are loaded takes time: it is the one or the other. */
async function importOnce(specifier: string, mode: 'time' | 'modules'): Promise<ImportReport> {
  const { stdout } = await run(process.execPath, [program, specifier, mode])
  return JSON.parse(stdout)
}
