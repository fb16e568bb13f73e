/**
 * Runs programs, given as the names of their folders, one after another in this process, so that the package is loaded once, and prints what
 * each of them did as a line of JSON: `{ name, code, stdout, stderr }`.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'

const [folder = '.', ...names] = process.argv.slice(2)
const print = process.stdout.write.bind(process.stdout)

for (const name of names) {
  const texts = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    process[stream].write = (chunk: string | Uint8Array) => {
      texts[stream] += String(chunk)
      return true
    }
  }
  process.chdir(join(folder, name))
  let code = 0
  try {
    await import(pathToFileURL(join(folder, name, 'program.ts')).href)
    // What a program says at its end by `process.emitWarning` comes with the next turn of the loop.
    await new Promise(setImmediate)
  } catch (error) {
    code = 1
    texts.stderr += inspect(error)
  }
  print(`${JSON.stringify({ name, code, ...texts })}\n`)
}
// What an example has left open would end by itself when it is idle: nobody waits for that.
print('', () => process.exit())
