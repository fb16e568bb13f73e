import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { type ESTree, parseSync, Visitor } from 'vite'

/** The folder of `package.json`, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/** One parsed file, as far as the rules of the house ask about it. */
export interface SourceFile {
  /** From the package's root, with forward slashes: `src/engine/engine.ts`. */
  readonly path: string
  readonly program: ESTree.Program
  readonly comments: readonly string[]
  readonly imports: readonly Import[]
  readonly functions: readonly FunctionSize[]
  /** Lines of code: comments and blank lines left out. */
  readonly lines: number
  /** Where the type `any` is written, as `src/a.ts:12`. */
  readonly anys: readonly string[]
}

export interface Import {
  /** As written: `./values.ts`, `node:path`, `piscina`. */
  readonly specifier: string
  /** The file's path from the root for a relative specifier, else null. */
  readonly file: string | null
  /** `src/a.ts:12`, for messages. */
  readonly at: string
}

export interface FunctionSize {
  /** `src/a.ts#name`, or `src/a.ts#line 12` for one without a name. */
  readonly id: string
  readonly lines: number
  readonly parameters: number
}

/** Parses every file of ours that a pattern from the package's root matches: the benchmark's folder has packages of its own. */
export function sourceFiles(...patterns: readonly string[]): readonly SourceFile[] {
  return globSync(patterns, { cwd: root, exclude: ['**/node_modules/**'] })
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map(readSourceFile)
}

export function readSourceFile(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8')
  const { program, comments, errors } = parseSync(path, text)
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0]?.message}`)
  const code = new CodeText(text, comments)
  const functions = collectFunctions(program).map(({ node, name }) => ({
    id: `${path}#${name ?? `line ${code.lineAt(node.start)}`}`,
    lines: code.linesBetween(node.start, node.end),
    parameters: node.params.length,
  }))
  const anys: string[] = []
  new Visitor({ TSAnyKeyword: (node) => anys.push(`${path}:${code.lineAt(node.start)}`) }).visit(program)
  return {
    path,
    program,
    comments: comments.map(({ value }) => value),
    imports: collectImports(program).map((source) => toImport(path, source, code)),
    functions,
    lines: code.linesBetween(0, text.length),
    anys,
  }
}

/** A file's text with its comments blanked out, so that a line without code is a line without anything. */
class CodeText {
  readonly #text: string

  constructor(text: string, comments: readonly { readonly start: number; readonly end: number }[]) {
    let code = ''
    let end = 0
    for (const comment of comments) {
      code += text.slice(end, comment.start) + text.slice(comment.start, comment.end).replace(/[^\n]/g, ' ')
      end = comment.end
    }
    this.#text = code + text.slice(end)
  }

  lineAt(offset: number): number {
    return this.#text.slice(0, offset).split('\n').length
  }

  linesBetween(start: number, end: number): number {
    return this.#text
      .slice(start, end)
      .split('\n')
      .filter((line) => line.trim() !== '').length
  }
}

/** Everything that names another module: imports, re-exports, dynamic imports of a literal, and `import('…')` types. */
function collectImports(program: ESTree.Program): readonly ESTree.StringLiteral[] {
  const sources: ESTree.StringLiteral[] = []
  new Visitor({
    ImportDeclaration: (node) => sources.push(node.source),
    ExportAllDeclaration: (node) => sources.push(node.source),
    ExportNamedDeclaration: (node) => node.source !== null && sources.push(node.source),
    TSImportType: (node) => sources.push(node.source),
    ImportExpression: (node) => node.source.type === 'Literal' && typeof node.source.value === 'string' && sources.push(node.source),
  }).visit(program)
  return sources
}

function toImport(path: string, { value, start }: ESTree.StringLiteral, code: CodeText): Import {
  const file = value.startsWith('.') ? relative('.', join(dirname(path), value)) : null
  return { specifier: value, file, at: `${path}:${code.lineAt(start)}` }
}

type FunctionNode = ESTree.Function | ESTree.ArrowFunctionExpression

function collectFunctions(program: ESTree.Program): readonly { readonly node: FunctionNode; readonly name: string | undefined }[] {
  const found: FunctionNode[] = []
  const names = new Map<object | null, string>()
  const suites = new Set<object>()
  const add = (node: FunctionNode): void => {
    if (!suites.has(node)) found.push(node)
  }
  // A parent is visited before its children, so a function's name is known when it is found.
  new Visitor({
    VariableDeclarator: (node) => node.id.type === 'Identifier' && names.set(node.init, node.id.name),
    MethodDefinition: (node) => names.set(node.value, keyName(node.key)),
    PropertyDefinition: (node) => names.set(node.value, keyName(node.key)),
    Property: (node) => names.set(node.value, keyName(node.key)),
    // The body of a `describe` is a list of tests, not a function that somebody has to follow.
    CallExpression: (node) => {
      if (isDescribe(node.callee)) for (const argument of node.arguments) suites.add(argument)
    },
    FunctionDeclaration: add,
    FunctionExpression: add,
    ArrowFunctionExpression: add,
  }).visit(program)
  return found.map((node) => ({ node, name: (node.type === 'ArrowFunctionExpression' ? undefined : node.id?.name) ?? names.get(node) }))
}

function keyName(key: ESTree.PropertyKey): string {
  if (key.type === 'PrivateIdentifier') return `#${key.name}`
  return key.type === 'Identifier' ? key.name : '[computed]'
}

/** `describe(…)`, `describe.skipIf(…)(…)`, `describe.each(…)(…)`, and what calls it for a suite: `describeTargets(…)`. */
function isDescribe(callee: ESTree.Expression): boolean {
  if (callee.type === 'Identifier') return /^describe([A-Z]|$)/.test(callee.name)
  if (callee.type === 'CallExpression') return isDescribe(callee.callee)
  return callee.type === 'MemberExpression' && isDescribe(callee.object)
}
