import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Failure } from './failure.ts'

const source = fileURLToPath(new URL('../../../worker/interrupt/offloop-interrupt.c', import.meta.url))

/** What a loadable extension is called on this system. */
const suffix = { win32: '.dll', darwin: '.dylib' }[process.platform as string] ?? '.so'

/** Where the extension is put when nothing is said. */
export const defaultOutput = `offloop-interrupt${suffix}`

/**
 * Builds the interrupt extension with the system's C compiler (`CC`, or `cc`), against the SQLite header that better-sqlite3 brings.
 *
 * @returns the absolute path of the built file, for the engine option `interrupt`
 * @throws {Failure} there is no compiler, or it failed; the message has its output
 */
export async function buildInterrupt(output: string = defaultOutput): Promise<string> {
  const file = resolve(output)
  const headers = join(dirname(createRequire(import.meta.url).resolve('better-sqlite3/package.json')), 'deps', 'sqlite3')
  const compiler = process.env['CC'] ?? 'cc'
  const args = ['-std=c11', '-O2', '-Wall', '-Wextra', '-fPIC', '-shared', `-I${headers}`, '-o', file, source]
  try {
    await promisify(execFile)(compiler, args)
  } catch (error) {
    const { code, stderr } = error as { readonly code?: unknown; readonly stderr?: string }
    if (code === 'ENOENT')
      throw new Failure(`No C compiler was found: "${compiler}" cannot be run. Install one, or name it in CC.`, { cause: error })
    throw new Failure(`${compiler} could not build ${source}:\n${stderr ?? ''}`, { cause: error })
  }
  return file
}
