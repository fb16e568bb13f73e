import { execFile, spawnSync } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { fetchNodeVersions, nodeExecutable, refusedVersion, supportedVersions } from './node-versions.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const programs = ['quick-start.mjs', 'quick-start.cjs', 'consumer.ts']

/** An empty project that has installed the packed package, as a user would. */
let project: string
let tarball: string
let packedFiles: readonly string[]

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'offloop-package-'))
  const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', project], root)
  const [{ filename, files }] = JSON.parse(packed.stdout)
  tarball = join(project, filename)
  packedFiles = files.map(({ path }: { readonly path: string }) => path)
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }\n')
  await run('npm', ['install', '--no-audit', '--no-fund', tarball], project)
  for (const name of programs) await cp(fileURLToPath(new URL(name, import.meta.url)), join(project, name))
  await fetchNodeVersions()
}, 300_000)

afterAll(() => rm(project, { recursive: true, force: true }))

test('the package holds the built code, its declarations and what a reader needs, and nothing else', () => {
  const documents = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', 'worker/interrupt/offloop-interrupt.c']
  expect(packedFiles.filter((path) => !path.startsWith('dist/')).sort()).toEqual(documents)
  expect(packedFiles.filter((path) => path.startsWith('dist/') && !/^dist\/(src|worker)\/.+\.(js|d\.ts)$/.test(path))).toEqual([])
})

test('publint has nothing to say', async () => {
  const { buffer, byteOffset, byteLength } = await readFile(tarball)
  const { messages } = await publint({ pack: { tarball: buffer.slice(byteOffset, byteOffset + byteLength) }, strict: true })
  expect(messages.map((message) => formatMessage(message, manifest))).toEqual([])
})

test('the types of every entry point resolve for ESM', async () => {
  await run(process.execPath, [binary('@arethetypeswrong/cli/dist/index.js'), tarball, '--profile', 'esm-only', '--no-emoji'], root)
})

test('a strict TypeScript program compiles, and so do the declarations themselves', async () => {
  const options = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--noUncheckedIndexedAccess',
    '--noEmit',
    '--module',
    'nodenext',
    '--target',
    'es2022',
  ]
  const types = ['--skipLibCheck', 'false', '--typeRoots', join(root, 'node_modules/@types'), '--types', 'node']
  await run(process.execPath, [binary('typescript/bin/tsc'), ...options, ...types, 'consumer.ts'], project)
})

test('its command builds the interrupt extension, and the engine loads it under any name', async ({ skip }) => {
  if (spawnSync(process.env['CC'] ?? 'cc', ['--version']).status !== 0) skip('there is no C compiler')
  const command = join(project, 'node_modules/.bin/offloop')
  const { stdout } = await run(command, ['build-interrupt', '--output', 'of-any-name.so'], project)
  const program = `
    import { createEngine } from 'offloop'
    await using engine = createEngine('sqlite:///interrupt.db', { interrupt: ${JSON.stringify(stdout.trim())} })
    const conn = await engine.connect()
    const endless = 'with recursive c(i) as (select 1 union all select i + 1 from c) select max(i) from c'
    await conn.scalar(endless, [], { timeoutMs: 50 }).catch((error) => console.log(error.code))
    console.log(await conn.scalar('select 1'))
    await conn.close()
  `
  const ran = await run(process.execPath, ['--input-type=module', '--eval', program], project)
  expect(ran).toEqual({ stdout: 'OFFLOOP_STATEMENT_TIMEOUT\n1\n', stderr: '' })
})

test('its command runs a query in an empty folder', async () => {
  const { stdout } = await run('npx', ['offloop', 'query', ':memory:', 'select 1 as one', '--json'], project)
  expect(JSON.parse(stdout)).toEqual([{ one: 1 }])
})

test.for(['pg', 'mysql2'])('without the package %s, its servers are refused with the command that installs it', async (driver) => {
  const program = `
    import { createEngine } from 'offloop'
    await using engine = createEngine('${driver === 'pg' ? 'postgresql' : 'mysql'}://user@127.0.0.1/database')
    await engine.connect().catch((error) => console.log(error.name + ': ' + error.message))
  `
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], project)
  expect(stdout).toMatch(/^DriverLoadError: /)
  expect(stdout).toContain(`npm install ${driver}`)
})

describe.for(supportedVersions)('Node.js %s', (version) => {
  test.for(['quick-start.mjs', 'quick-start.cjs'])('%s runs, ends by itself and warns of nothing', async (program, { skip }) => {
    const node = nodeExecutable(version) ?? skip(`Node.js ${version} is fetched on Linux x64 only`)
    await rm(join(project, `quick-start-${program.endsWith('.cjs') ? 'cjs' : 'esm'}.db`), { force: true })
    expect(await run(node, [program], project)).toEqual({ stdout: 'done\n', stderr: '' })
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

function binary(path: string): string {
  return join(root, 'node_modules', path)
}

/** Runs a program to its end; when it fails, the test shows all that it printed. */
async function run(file: string, args: readonly string[], cwd: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  try {
    return await promisify(execFile)(file, args, { cwd })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string }
    throw new Error(`${[file, ...args].join(' ')} failed:\n${stdout}${stderr}`, { cause: error })
  }
}
