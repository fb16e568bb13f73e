import { copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import { testServers } from '../test-servers.ts'
import { type Bundle, buildProgram, bundles, lostWorkerFile } from './bundles.ts'
import { deploy } from './deployment.ts'
import { replaceInFile, type Scene } from './scene.ts'

const node = process.execPath
const workerName = 'offloop-worker.mjs'

/** Each bundler builds the program in both ways; it runs in threads and processes on each Node.js, and says what has been left behind. */
export async function checkBundles(scene: Scene): Promise<void> {
  for (const bundle of bundles) {
    await scene.check(`${bundle.title}: build`, async () => {
      const built = await buildProgram(join(scene.project, bundle.title), bundle, join(scene.project, 'node_modules'))
      const folder = bundle.takenIn ? deploy(scene.deployment, built, bundle.title) : built
      const program = join(folder, bundle.output)
      for (const executable of scene.nodes) {
        for (const isolation of ['thread', 'process']) {
          const command = [executable, program, JSON.stringify({ isolation })] as const
          await scene.prints(`${bundle.title}, ${isolation}, ${executable}`, 'done', command, folder)
        }
      }
      await checkServers(scene, bundle, program)
      if (bundle.takenIn && bundle.namesWorker !== true) await checkLostWorker(scene, bundle, folder)
    })
  }
}

/** On the program's own thread too, which imports the worker file. */
async function checkServers(scene: Scene, { title }: Bundle, program: string): Promise<void> {
  for (const { url, name, missing } of Object.values(testServers)) {
    if (missing !== undefined) continue
    for (const placement of ['worker', 'main']) {
      await scene.prints(`${title}, ${name}, ${placement}`, 'done', [node, program, JSON.stringify({ placement }), url], scene.deployment)
    }
  }
}

/** One sentence and the end of the program, whatever became of the worker file. */
async function checkLostWorker(scene: Scene, { title, output }: Bundle, folder: string): Promise<void> {
  const copy = join(folder, 'copy.mjs')
  const empty = join(folder, 'empty.mjs')
  copyFileSync(join(folder, workerName), copy)
  writeFileSync(empty, 'export {}\n')
  const use = (options: object) => [node, join(folder, output), JSON.stringify(options)] as const
  await scene.prints(`${title}, worker file named`, 'done', use({ worker: copy }), folder)
  replaceInFile(copy, `"${manifest.version}"`, '"0.0.0"')
  rmSync(join(folder, workerName))
  for (const isolation of ['thread', 'process']) {
    const fails = (what: string, sentence: RegExp, worker?: string) =>
      scene.failsWith(`${title}, ${isolation}, ${what}`, sentence, use({ isolation, worker }), folder)
    await fails('worker file lost', lostWorkerFile)
    await fails(
      'wrong name',
      /^DriverLoadError: The engine option "worker" names a file that is not there: .+nowhere\.mjs\. It is to be .+\.$/m,
      'nowhere.mjs',
    )
    await fails(
      'worker file of another version',
      /^DriverLoadError: The worker file .+ is of offloop 0\.0\.0, .+: copy the file of .+ again\.$/m,
      copy,
    )
    await fails('another file', /^DriverLoadError: The worker thread ended before it had opened the database: .+$/m, empty)
  }
}
