// Imports the package that it is given, alone in a process, and prints how long that took, or how much of Kysely came with it.
import { registerHooks } from 'node:module'

const [, , specifier, mode] = process.argv
let kyselyModules = 0
if (mode === 'modules') {
  registerHooks({
    load(url, context, nextLoad) {
      if (url.includes('/node_modules/kysely/')) kyselyModules++
      return nextLoad(url, context)
    },
  })
}
const startedAt = performance.now()
await import(specifier)
console.log(JSON.stringify({ milliseconds: performance.now() - startedAt, kyselyModules }))
