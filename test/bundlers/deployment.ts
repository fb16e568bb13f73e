import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import manifest from '../../package.json' with { type: 'json' }
import { installIn } from '../package/installation.ts'

/** Makes, once, a folder that has what a bundle with `offloop` in it cannot hold, and nothing else: no `offloop`, and no folder above that has it. */
export async function makeDeployment(folder: string): Promise<void> {
  if (existsSync(folder)) return
  const { dependencies, peerDependencies } = manifest
  const needed = {
    'better-sqlite3': dependencies['better-sqlite3'],
    piscina: dependencies.piscina,
    pg: peerDependencies.pg,
    mysql2: peerDependencies.mysql2,
  }
  await installIn(
    folder,
    Object.entries(needed).map(([name, range]) => `${name}@${range}`),
    ['--ignore-scripts'],
  )
}

/** Moves what was built to the folder; gives the folder that it is in there. */
export function deploy(deployment: string, built: string, name: string): string {
  const folder = join(deployment, name)
  mkdirSync(folder, { recursive: true })
  cpSync(built, join(folder, basename(built)), { recursive: true })
  return join(folder, basename(built))
}
