import { copyFileSync, cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { installIn, measureInstallation } from '../package/installation.ts'
import { run } from '../package/run-command.ts'
import { writeFilesOfPage } from './page-files.ts'
import { replaceInFile, type Scene } from './scene.ts'
import { managerPackages } from './tools.ts'

const node = process.execPath
const isolations = ['thread', 'process'] as const
/** As a reader's, where no engine has been. */
const { SQLITE_USE_URI: _set, ...env } = process.env

/** What runs a program without making another file of it. */
export async function checkRunners(scene: Scene): Promise<void> {
  const folder = scene.makeFolder(join(scene.project, 'runners'), 'app.mjs', 'one.test.mjs')
  const tool = (path: string): string => join(scene.project, 'node_modules', path)
  copyFileSync(join(folder, 'app.mjs'), join(folder, 'app.ts'))
  writeFilesOfPage(folder, ['app.cjs'])
  for (const executable of scene.nodes) await scene.prints(`require, ${executable}`, '42', [executable, 'app.cjs'], folder)
  await scene.prints('tsx', 'done', [node, tool('tsx/dist/cli.mjs'), 'app.ts'], folder)
  await scene.prints('types stripped', 'done', [node, 'app.ts'], folder)
  writeFilesOfPage(folder, ['vitest.config.mjs'])
  const inlined = join(folder, 'inline.config.mjs')
  copyFileSync(join(folder, 'vitest.config.mjs'), inlined)
  replaceInFile(inlined, 'test: {', "test: { server: { deps: { inline: ['offloop'] } },")
  for (const pool of ['threads', 'forks', 'vmThreads', 'vmForks']) {
    for (const name of ['vitest', 'inline']) {
      const args = ['run', `--pool=${pool}`, '--config', `${name}.config.mjs`]
      await scene.check(`Vitest, ${pool}, ${name}`, () => run(node, [tool('vitest/vitest.mjs'), ...args], { cwd: folder, env }))
    }
  }
}

/** Other package managers than npm, whose programs see only what they name. */
export async function checkManagers(scene: Scene): Promise<void> {
  const tools = join(scene.folder, 'managers')
  await installIn(tools, managerPackages, ['--ignore-scripts'])
  const pnpm = [node, join(tools, 'node_modules/pnpm/bin/pnpm.mjs')] as const
  const yarn = [node, join(tools, 'node_modules/@yarnpkg/cli-dist/bin/yarn.js')] as const
  const manifest = JSON.stringify({ private: true, type: 'module', dependencies: { offloop: `file:${scene.tarball}` } })
  const settings = 'enableTelemetry: false\nenableGlobalCache: false\nenableImmutableInstalls: false\n'
  for (const linker of ['pnp', 'pnpm', 'node-modules']) {
    await scene.check(`Yarn, ${linker}`, async () => {
      const folder = scene.makeFolder(join(scene.folder, `yarn ${linker}`), 'app.mjs')
      writeFileSync(join(folder, 'package.json'), manifest)
      writeFileSync(join(folder, 'yarn.lock'), '')
      writeFileSync(join(folder, '.yarnrc.yml'), `${settings}nodeLinker: ${linker}\n`)
      await run(yarn[0], [yarn[1], 'install'], { cwd: folder })
      for (const isolation of isolations) {
        await scene.check(`Yarn, ${linker}, ${isolation}`, () =>
          run(yarn[0], [yarn[1], 'node', 'app.mjs', JSON.stringify({ isolation })], { cwd: folder }),
        )
      }
    })
  }
  await scene.check('pnpm', async () => {
    const folder = scene.makeFolder(join(scene.folder, 'pnpm'), 'app.mjs')
    writeFileSync(join(folder, 'package.json'), manifest)
    await run(pnpm[0], [pnpm[1], 'install', '--ignore-scripts'], { cwd: folder })
    for (const isolation of isolations)
      await scene.prints(`pnpm, ${isolation}`, 'done', [node, 'app.mjs', JSON.stringify({ isolation })], folder)
  })
}

/** The two folders of a packaged Electron app, which under Node.js are folders both: nothing that threads load is in the archive. */
export async function checkElectron(scene: Scene): Promise<void> {
  await scene.check('Electron', async () => {
    const resources = scene.makeFolder(join(scene.folder, 'electron/resources'))
    const archive = join(resources, 'app.asar')
    await installIn(archive, [scene.tarball], ['--ignore-scripts'])
    writeFilesOfPage(archive, ['main.mjs'])
    for (const name of ['offloop', 'piscina', 'better-sqlite3']) {
      cpSync(join(archive, 'node_modules', name), join(resources, 'app.asar.unpacked/node_modules', name), { recursive: true })
    }
    // The main thread finds Piscina in the archive as well: it is to take the other.
    for (const name of ['piscina', 'better-sqlite3']) rmSync(join(archive, 'node_modules', name), { recursive: true })
    await scene.prints('Electron, main.mjs', '42', [node, 'main.mjs'], archive)
  })
}

/** What an image can do without. */
export async function checkSlimInstallation(scene: Scene): Promise<void> {
  const folder = scene.makeFolder(join(scene.folder, 'slim'), 'app.mjs')
  await installIn(folder, [scene.tarball], ['--ignore-scripts'])
  const before = measureInstallation(folder).bytes
  const driver = join(folder, 'node_modules/better-sqlite3')
  for (const part of ['deps', 'src']) rmSync(join(driver, part), { recursive: true })
  for (const name of readdirSync(join(driver, 'prebuilds'))) {
    if (name !== `${process.platform}-${process.arch}.node`) rmSync(join(driver, 'prebuilds', name))
  }
  await scene.prints('without sources and other binaries', 'done', [node, 'app.mjs'], folder)
  await scene.check('25 MB smaller', async () => {
    const gone = (before - measureInstallation(folder).bytes) / 1e6
    if (Math.abs(gone - 25) > 2) throw new Error(`it is ${gone.toFixed(1)} MB`)
  })
}
