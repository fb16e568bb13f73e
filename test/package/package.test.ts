import { execFile, spawnSync } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { buildProgram, bundles, lostWorkerFile } from '../bundlers/bundles.ts'
import { deploy, makeDeployment } from '../bundlers/deployment.ts'
import { installIn, measureInstallation, packInto } from './installation.ts'
import { fetchNodeVersions, nodeExecutable, refusedVersion, supportedVersions } from './node-versions.ts'
import { run } from './run-command.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const programs = ['quick-start.mjs', 'quick-start.cjs', 'consumer.ts', 'library.ts']

let scratch: string
/** An empty project that has installed the packed package, as a user would. */
let project: string
let tarball: string
let packedFiles: readonly string[]

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'offloop-package-'))
  project = join(scratch, 'project')
  const packed = await packInto(scratch)
  tarball = packed.tarball
  packedFiles = packed.files
  await installIn(project, [tarball])
  for (const name of programs) await cp(pathOf(name), join(project, name))
  await fetchNodeVersions()
}, 300_000)

afterAll(() => rm(scratch, { recursive: true, force: true }))

test('the package holds the built code, its declarations and what a reader needs, and nothing else', () => {
  const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', 'worker/interrupt/offloop-interrupt.c']
  expect(packedFiles.filter((path) => !path.startsWith('dist/')).sort()).toEqual(documents)
  const built = /^dist\/((src|worker)\/.+\.(js|d\.ts)|src\/chunks\/offloop-worker\.mjs)$/
  expect(packedFiles.filter((path) => path.startsWith('dist/') && !built.test(path))).toEqual([])
})

test('a fresh install is of as many packages and megabytes as the README says', async () => {
  const { packages, bytes } = measureInstallation(project)
  const [, saidPackages, saidMegabytes] = /(\d+) packages and (\d+) MB/.exec(await readFile(join(root, 'README.md'), 'utf8')) ?? []
  // Some are for one platform only, and minor versions of dependencies come and go.
  expect(Math.abs(packages - Number(saidPackages)), `${packages} packages`).toBeLessThanOrEqual(2)
  expect(bytes / 1e6 / Number(saidMegabytes), `${(bytes / 1e6).toFixed(1)} MB`).toBeGreaterThan(0.9)
  expect(bytes / 1e6 / Number(saidMegabytes), `${(bytes / 1e6).toFixed(1)} MB`).toBeLessThan(1.1)
})

test('it needs no compiler, and no script of a package', async () => {
  const folder = join(scratch, 'without-scripts')
  await installIn(folder, [tarball], ['--ignore-scripts'])
  await cp(pathOf('quick-start.mjs'), join(folder, 'quick-start.mjs'))
  expect(await run(process.execPath, ['quick-start.mjs'], { cwd: folder })).toEqual({ stdout: 'done\n', stderr: '' })
})

test('publint has nothing to say', async () => {
  const { buffer, byteOffset, byteLength } = await readFile(tarball)
  const { messages } = await publint({ pack: { tarball: buffer.slice(byteOffset, byteOffset + byteLength) }, strict: true })
  expect(messages.map((message) => formatMessage(message, manifest))).toEqual([])
})

test('the types of every entry point resolve for ESM', async () => {
  await run(process.execPath, [binary('@arethetypeswrong/cli/dist/index.js'), tarball, '--profile', 'esm-only', '--no-emoji'], {
    cwd: root,
  })
})

test('a strict TypeScript program compiles, and so do the declarations themselves', async () => {
  await compile('--noEmit', 'consumer.ts')
})

test('all that a program exports can be named in its declarations, and these compile', async () => {
  await compile('--declaration', '--emitDeclarationOnly', '--outDir', 'declarations', 'library.ts')
  await compile('--noEmit', 'declarations/library.d.ts')
})

test('its command builds the interrupt extension, and the engine loads it under any name', async ({ skip }) => {
  if (spawnSync(process.env['CC'] ?? 'cc', ['--version']).status !== 0) skip('there is no C compiler')
  const command = join(project, 'node_modules/.bin/offloop')
  const { stdout } = await run(command, ['build-interrupt', '--output', 'of-any-name.so'], { cwd: project })
  const program = `
    import { createEngine } from 'offloop'
    await using engine = createEngine('sqlite:///interrupt.db', { interrupt: ${JSON.stringify(stdout.trim())} })
    const conn = await engine.connect()
    const endless = 'with recursive c(i) as (select 1 union all select i + 1 from c) select max(i) from c'
    await conn.scalar(endless, [], { timeoutMs: 50 }).catch((error) => console.log(error.code))
    console.log(await conn.scalar('select 1'))
    await conn.close()
  `
  const ran = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: project })
  expect(ran).toEqual({ stdout: 'OFFLOOP_STATEMENT_TIMEOUT\n1\n', stderr: '' })
})

test('its command runs a query in an empty folder', async () => {
  const { stdout } = await run('npx', ['offloop', 'query', ':memory:', 'select 1 as one', '--json'], { cwd: project })
  expect(JSON.parse(stdout)).toEqual([{ one: 1 }])
})

test.for(['pg', 'mysql2'])('without the package %s, its servers are refused with the command that installs it', async (driver) => {
  const program = `
    import { createEngine } from 'offloop'
    await using engine = createEngine('${driver === 'pg' ? 'postgresql' : 'mysql'}://user@127.0.0.1/database')
    await engine.connect().catch((error) => console.log(error.name + ': ' + error.message))
  `
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: project })
  expect(stdout).toMatch(/^DriverLoadError: /)
  expect(stdout).toContain(`npm install ${driver}`)
})

describe.for(supportedVersions)('Node.js %s', (version) => {
  test.for(['quick-start.mjs', 'quick-start.cjs'])('%s runs, ends by itself and warns of nothing', async (program, { skip }) => {
    const node = nodeExecutable(version) ?? skip(`Node.js ${version} is fetched on Linux x64 only`)
    await rm(join(project, `quick-start-${program.endsWith('.cjs') ? 'cjs' : 'esm'}.db`), { force: true })
    expect(await run(node, [program], { cwd: project })).toEqual({ stdout: 'done\n', stderr: '' })
  })
})

// The other bundlers are installed by `npm run soak:bundlers`.
describe.for(bundles.filter(({ tool }) => tool?.[0] === 'rolldown' || tool?.[0] === 'vite'))('$title', (bundle) => {
  test('runs, and says so when its worker file is left behind', async () => {
    let folder = await buildProgram(join(project, bundle.title), bundle, join(root, 'node_modules'))
    if (bundle.takenIn) {
      const deployment = join(scratch, 'deployment')
      await makeDeployment(deployment)
      folder = deploy(deployment, folder, bundle.title)
    }
    const program = [join(folder, bundle.output)]
    expect(await run(process.execPath, program, { cwd: scratch })).toEqual({ stdout: 'done\n', stderr: '' })
    if (!bundle.takenIn) return
    await rm(join(folder, 'offloop-worker.mjs'))
    await expect(run(process.execPath, program, { cwd: scratch })).rejects.toThrow(lostWorkerFile)
  })
})

test('an older Node.js is refused in one sentence, without a crash', async ({ skip }) => {
  const node = nodeExecutable(refusedVersion) ?? skip(`Node.js ${refusedVersion} is fetched on Linux x64 only`)
  const sentence =
    /Error: offloop needs Node\.js 22\.14 or newer with Node-API 10, and this is Node\.js 20\.20\.2 with Node-API \d+: please .+\.\n/
  await expect(promisify(execFile)(node, ['quick-start.mjs'], { cwd: project })).rejects.toMatchObject({
    code: 1,
    signal: null,
    stderr: expect.stringMatching(sentence),
  })
})

/** Compiles a program against the packed declarations, which are checked as well. */
async function compile(...args: readonly string[]): Promise<void> {
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--module', 'nodenext', '--target', 'es2022']
  const types = ['--skipLibCheck', 'false', '--typeRoots', join(root, 'node_modules/@types'), '--types', 'node']
  await run(process.execPath, [binary('typescript/bin/tsc'), ...strict, ...types, ...args], { cwd: project })
}

function binary(path: string): string {
  return join(root, 'node_modules', path)
}

function pathOf(program: string): string {
  return fileURLToPath(new URL(program, import.meta.url))
}
