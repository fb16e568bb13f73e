/** Imports offloop and prints which packages came with it, as JSON. A program of its own: the test runner has loaded half the world already. */
import { registerHooks } from 'node:module'

const packages = new Set<string>()
registerHooks({
  load(url, context, nextLoad) {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]
    if (name !== undefined) packages.add(name)
    return nextLoad(url, context)
  },
})
await import('offloop')
console.log(JSON.stringify([...packages].sort()))
