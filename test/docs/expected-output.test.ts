import { afterAll, expect, test } from 'vitest'
import { expectOutput, withoutMatches } from './expected-output.ts'
import { readPage } from './page.ts'
import { nameOf, programsOf } from './program.ts'
import { runPrograms } from './run-programs.ts'
import { Workspace } from './workspace.ts'

const workspace = new Workspace()
afterAll(() => workspace[Symbol.dispose]())

/** What is left of a page's text when its first program has run: `[found, expected]`. */
async function run(markdown: string) {
  const page = readPage('README.md', markdown)
  const [program] = programsOf(page)
  if (program === undefined) throw new Error('There is no program.')
  workspace.writeFiles(nameOf(program), page)
  return (await runPrograms(workspace, [program])).get(program)
}

test('a value behind a declaration, an expression and a console.log is compared', async () => {
  const outcome = await run("```ts\nconst [a, b] = [1, 'x'] // → 1 'x'\na + 1 // → 3\nconsole.log('y') // → y\n```\n")
  expect(outcome?.expected.stdout).toEqual(["1 'x'", '3', 'y'])
  expect(outcome?.found).toEqual({ code: 0, stdout: ["1 'x'", '2', 'y'], stderr: '' })
})

test('what is printed and not in the page is a difference, and what is in the page and not printed', async () => {
  expect((await run("```ts\nconsole.log('x')\n```\n"))?.found.stdout).toEqual(['x'])
  expect((await run('```ts\nconst a = 1\n// → 1\n```\n'))?.found.stdout).toEqual([])
})

test('an error that is expected is compared, and one that is missing is missed', async () => {
  const outcome = await run('```ts\nnull!.x // → throws TypeError: …\nawait Promise.resolve(1) // → throws Error: …\n```\n')
  expect(outcome?.found.stdout).toEqual(['throws TypeError: …', 'throws nothing'])
})

test('an error that is not expected is told, with the line of the page', async () => {
  const outcome = await run('Text.\n\n```ts\nconst a = 1\n```\n\nText.\n\n```ts\nthrow new Error(String(a))\n```\n')
  expect(outcome?.found.code).toBe(1)
  expect(outcome?.found.stderr).toContain('program.ts:10:')
})

test('a later block sees the names of those before it, and may use one of them again', async () => {
  const outcome = await run('```ts\nconst a = 1\nconst b = 2\n```\n\n```ts\nconst a = b + 1 // → 3\n```\n')
  expect(outcome?.found).toEqual(outcome?.expected)
})

test('… stands for anything on its line, and for nothing else', () => {
  expect(withoutMatches(['a 1 b', '(x)', 'y'], ['a … b', '(…)', 'z'])).toEqual(['a … b', '(…)', 'y'])
  expect(withoutMatches(['axb', 'a.b'], ['a.b', 'a.b'])).toEqual(['axb', 'a.b'])
})

test('a comment that belongs to no statement is refused', () => {
  expect(() => expectOutput('page', 'function f() { // → 1\n}')).toThrow('page: no statement ends before "// → 1".')
})

test('a directive that nobody knows, an unused import and an export are refused', () => {
  expect(() => readPage('README.md', '<!-- skip -->\n```ts\n1\n```\n')).toThrow('<!-- skip --> is none of the directives')
  const programs = (code: string) => programsOf(readPage('README.md', `\`\`\`ts\n${code}\n\`\`\`\n`))
  expect(() => programs("import { join } from 'node:path'")).toThrow('imported and not used: join')
  expect(() => programs('export const a = 1')).toThrow('a block that exports something is a file')
})
