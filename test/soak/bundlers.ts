import { checkBundles } from '../bundlers/check-bundles.ts'
import { checkNext } from '../bundlers/check-next.ts'
import { checkElectron, checkManagers, checkRunners, checkSlimInstallation } from '../bundlers/check-runners.ts'
import { Scene } from '../bundlers/scene.ts'
import { inScratch, report } from './scratch.ts'

const parts: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  bundles: checkBundles,
  runners: checkRunners,
  managers: checkManagers,
  electron: checkElectron,
  slim: checkSlimInstallation,
  next: checkNext,
}

// Installs bundlers from the npm registry into a temporary folder; builds and runs a program of the packed package with each, as the files of
// docs/bundlers.md have it. Arguments name parts of it: by default all.
await inScratch(async (folder) => {
  const scene = new Scene(folder)
  await scene.install()
  for (const [name, check] of Object.entries(parts)) {
    if (process.argv.length === 2 || process.argv.includes(name)) await check(scene)
  }
  report('bundlers', { checks: scene.checks, 'Node.js versions': scene.nodes.length }, scene.violations)
})
