import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installIn, packInto } from '../package/installation.ts'
import { fetchNodeVersions, nodeExecutable, supportedVersions } from '../package/node-versions.ts'
import { run } from '../package/run-command.ts'
import { makeDeployment } from './deployment.ts'
import { bundlerPackages } from './tools.ts'

/** Where the soak works: everything that it checks is counted, and what does not hold is remembered. */
export class Scene {
  readonly folder: string
  /** `offloop` from its tarball, and the bundlers. */
  readonly project: string
  /** What a bundle with `offloop` in it cannot hold, and nothing else. */
  readonly deployment: string
  readonly violations: string[] = []
  tarball = ''
  checks = 0

  constructor(folder: string) {
    this.folder = folder
    this.project = join(folder, 'project')
    this.deployment = join(folder, 'deployment')
  }

  async install(): Promise<void> {
    this.tarball = (await packInto(this.folder)).tarball
    await fetchNodeVersions()
    await makeDeployment(this.deployment)
    await installIn(this.project, [this.tarball, ...bundlerPackages], ['--ignore-scripts'])
  }

  /** Node.js in the versions that are supported and can be had here. */
  get nodes(): readonly string[] {
    return supportedVersions.map(nodeExecutable).filter((node) => node !== null)
  }

  /** A new folder, with some of the programs beside this file. */
  makeFolder(path: string, ...programs: readonly string[]): string {
    mkdirSync(path, { recursive: true })
    for (const name of programs) copyFileSync(fileURLToPath(new URL(`./programs/${name}`, import.meta.url)), join(path, name))
    return path
  }

  async check(title: string, work: () => Promise<unknown>): Promise<void> {
    this.checks++
    try {
      await work()
    } catch (error) {
      this.violations.push(`${title}: ${(error as Error).message}`)
    }
  }

  /** A program prints this and nothing else, and ends by itself. */
  prints(title: string, expected: string, [file, ...args]: readonly [string, ...string[]], cwd: string): Promise<void> {
    return this.check(title, async () => {
      const { stdout, stderr } = await run(file, args, { cwd })
      if (stdout !== `${expected}\n` || stderr !== '') throw new Error(`it printed ${JSON.stringify(stdout + stderr)}`)
    })
  }

  /** A program fails with this sentence. */
  failsWith(title: string, sentence: RegExp, [file, ...args]: readonly [string, ...string[]], cwd: string): Promise<void> {
    return this.check(title, async () => {
      const failure = await run(file, args, { cwd }).then(
        () => 'it did not fail',
        ({ message }: Error) => message,
      )
      if (!sentence.test(failure)) throw new Error(`in place of ${sentence}: ${failure}`)
    })
  }
}

/** Changes a file that must hold the text. */
export function replaceInFile(file: string, text: string, replacement: string): void {
  const before = existsSync(file) ? readFileSync(file, 'utf8') : ''
  if (!before.includes(text)) throw new Error(`${file} does not hold ${text}`)
  writeFileSync(file, before.replaceAll(text, replacement))
}
