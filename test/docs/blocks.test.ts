import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'vite'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { root } from '../architecture/source-file.ts'
import { testServers } from '../test-servers.ts'
import { type Page, readPages } from './page.ts'
import { nameOf, type Program, programsOf, runsAsItStands } from './program.ts'
import { type Comparison, runPrograms } from './run-programs.ts'
import { Workspace } from './workspace.ts'

/** Blocks that do not run, each with the reason that stands in its page. */
const notRun: readonly string[] = []

const languages = new Set(['ts', 'js', 'sh', 'sql', 'json', 'jsonl', 'yaml', 'csv', 'text'])

// One process runs all programs, and another one compiles them: on a busy machine that takes a while.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const pages = readPages()
const programs = pages.flatMap(programsOf)
const workspace = new Workspace()
afterAll(() => workspace[Symbol.dispose]())

const filesOf = ({ path }: Page): string => `files-of-${path.replaceAll('/', '-')}`
for (const page of pages) workspace.writeFiles(filesOf(page), page)
for (const program of programs) {
  workspace.writeFiles(nameOf(program), program.page)
  workspace.write(join(nameOf(program), 'program.ts'), program.code)
}

test('every block is run, or says why not', () => {
  const unread = pages.filter(({ text, blocks }) => (text.match(/^ *```/gm) ?? []).length !== 2 * blocks.length)
  expect(unread.map(({ path }) => path)).toEqual([])
  const blocks = pages.flatMap(({ path, blocks }) => blocks.map((block) => ({ at: `${path}:${block.line}`, path, ...block })))
  expect(blocks.filter(({ notRun }) => notRun !== undefined).map(({ path, notRun }) => `${path}: ${notRun}`)).toEqual(notRun)
  expect(
    blocks.filter(({ language }) => !languages.has(language)).map(({ at, language }) => `${at} is of no known language: "${language}"`),
  ).toEqual([])
  // What is no program and no command is of use in a file only.
  const idle = blocks.filter(({ language, file, notRun }) => !['ts', 'sh'].includes(language) && file === undefined && notRun === undefined)
  expect(idle.map(({ at }) => `${at} has no name of a file`)).toEqual([])
  const scripts = blocks.filter(({ language }) => language === 'js')
  expect(scripts.flatMap(({ at, file = '', code }) => parseSync(file, code).errors.map(({ message }) => `${at}: ${message}`))).toEqual([])
})

test('every block of TypeScript has the types that it needs', async () => {
  const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.base.json'), 'utf8').replaceAll(/^\s*\/\/.*$/gm, ''))
  workspace.write(
    'tsconfig.json',
    // An example may name what it does not use.
    JSON.stringify({ compilerOptions: { ...compilerOptions, noUnusedLocals: false, noEmit: true }, include: ['*/**/*.ts'] }),
  )
  const { stdout } = await workspace.node('.', 'node_modules/typescript/bin/tsc')
  expect(stdout).toBe('')
})

describe('a program of a page prints what the page says', () => {
  const isThere = ({ servers }: Program) => servers.every((name) => testServers[name].missing === undefined || testServers[name].required)
  const canRun = (program: Program) => isThere(program) && runsAsItStands(program)
  let comparisons: ReadonlyMap<Program, Comparison>
  // In one process, which loads the package once.
  beforeAll(async () => {
    comparisons = await runPrograms(workspace, programs.filter(canRun))
  })
  for (const program of programs) {
    test.skipIf(!canRun(program))(program.title, () => {
      const { found, expected } = comparisons.get(program) ?? {}
      expect(found).toEqual(expected)
    })
  }
})

describe('tests of a page pass', () => {
  for (const page of pages) {
    for (const { file = '', code } of page.blocks.filter((block) => block.file?.endsWith('.test.ts'))) {
      test(`${page.path}: ${file}`, async () => {
        const runner = code.includes("'vitest'") ? ['../node_modules/vitest/vitest.mjs', 'run', file] : ['--test', file]
        const { code: exit, stdout, stderr } = await workspace.node(filesOf(page), ...runner)
        expect(exit, stdout + stderr).toBe(0)
        expect(stdout).toMatch(/(Tests {2}|pass )[1-9]/)
      })
    }
  }
})

const lines = pages.flatMap((page) =>
  page.blocks
    .filter(({ language, notRun }) => language === 'sh' && notRun === undefined)
    .flatMap(({ code, line }) => code.split('\n').map((text, index) => ({ at: `${page.path}:${line + index}`, page, text }))),
)

describe('a command of npm is one that there is', () => {
  const packages = new Set([
    manifest.name,
    ...[manifest.dependencies, manifest.peerDependencies, manifest.devDependencies].flatMap((list) => Object.keys(list)),
  ])
  const commands = lines
    .filter(({ text }) => !text.startsWith('npx offloop '))
    .flatMap(({ at, text }) =>
      text
        .replace(/ +#.*$/, '')
        .split(' && ')
        .map((command) => ({ at, command })),
    )
  test.for(commands)('$at: $command', ({ command }) => {
    const [tool, verb = '', ...args] = command.split(' ')
    expect(tool).toBe('npm')
    if (verb === 'install') expect(args.filter((name) => !name.startsWith('-') && !packages.has(name))).toEqual([])
    else if (verb === 'run') expect(Object.keys(manifest.scripts)).toContain(args[0])
    else expect(['ci', ...Object.keys(manifest.scripts)]).toContain(verb)
  })
})

describe('a command of offloop works', () => {
  const hasCompiler = spawnSync(process.env['CC'] ?? 'cc', ['--version']).status === 0
  // In their order: one uses what those before it have made.
  for (const { at, page, text } of lines.filter((line) => line.text.startsWith('npx offloop '))) {
    const [url, dialect] = /(postgresql|mysql):\/\/\S+/.exec(text) ?? []
    const server = dialect === undefined ? undefined : testServers[dialect as keyof typeof testServers]
    const left = (server?.missing !== undefined && !server.required) || (text.includes('build-interrupt') && !hasCompiler)
    test.skipIf(left)(`${at}: ${text.replace(/ +#.*$/, '')}`, async () => {
      const { code, stderr } = await workspace.shell(filesOf(page), url === undefined ? text : text.replace(url, server?.url ?? ''))
      expect(code, stderr).toBe(0)
    })
  }
})
