import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { type ESTree, parseSync } from 'vite'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { root } from '../architecture/source-file.ts'

/** Where each entry point is written, by its name. The worker file is a path to copy from, and for nobody to import. */
const entryPoints = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  typeof target === 'string' || subpath === './worker'
    ? []
    : [{ name: subpath.replace('.', 'offloop'), file: target.types.replace('./dist/', '').replace(/\.d\.ts$/, '.ts') }],
)

interface ParsedFile {
  readonly body: ESTree.Program['body']
  /** Whether a docstring ends right before this place of the text. */
  readonly hasDocstring: (start: number) => boolean
}

const parsed = new Map<string, ParsedFile>()

function parse(file: string): ParsedFile {
  const known = parsed.get(file)
  if (known !== undefined) return known
  const text = readFileSync(join(root, file), 'utf8')
  const { program, comments } = parseSync(file, text)
  const ends = new Set(comments.filter(({ type, value }) => type === 'Block' && value.startsWith('*')).map(({ end }) => end))
  const hasDocstring = (start: number): boolean => ends.has(text.slice(0, start).trimEnd().length)
  const result = { body: program.body, hasDocstring }
  parsed.set(file, result)
  return result
}

/** What a file exports without a docstring, as `file: name`; what comes from a package has its own. */
function undocumented(file: string, wanted?: string): readonly string[] {
  const { body, hasDocstring } = parse(file)
  const declared = new Map<string, boolean>()
  const imported = body.flatMap((node) => {
    if (node.type !== 'ExportNamedDeclaration') return []
    // Of overloads the first one has it.
    for (const name of declaredNames(node.declaration)) declared.set(name, declared.get(name) === true || hasDocstring(node.start))
    if (node.source?.value.startsWith('.') !== true) return []
    const from = join(dirname(file), node.source.value)
    const specifiers = node.specifiers.filter(({ exported }) => wanted === undefined || nameOf(exported) === wanted)
    return specifiers.flatMap(({ local }) => undocumented(from, nameOf(local)))
  })
  const own = [...declared].filter(([name, documented]) => !documented && (wanted === undefined || name === wanted))
  return [...own.map(([name]) => `${file}: ${name}`), ...imported]
}

function nameOf(name: ESTree.ModuleExportName): string {
  return name.type === 'Literal' ? name.value : name.name
}

function declaredNames(declaration: ESTree.ExportNamedDeclaration['declaration']): readonly string[] {
  if (declaration === null) return []
  if (declaration.type === 'VariableDeclaration')
    return declaration.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []))
  return 'id' in declaration && declaration.id?.type === 'Identifier' ? [declaration.id.name] : []
}

test('the reference of the API is made of every entry point', () => {
  const { entryPoints: listed } = JSON.parse(readFileSync(join(root, 'docs/typedoc/typedoc.json'), 'utf8'))
  expect(listed).toEqual(entryPoints.map(({ file }) => `../../${file}`))
})

test.for(entryPoints)('everything that $name exports has a docstring', ({ file }) => {
  expect([...new Set(undocumented(file))]).toEqual([])
})

test.for(entryPoints)('$name says what it is', ({ name, file }) => {
  expect(readFileSync(join(root, file), 'utf8')).toMatch(new RegExp(`^/\\*\\*\\n(?: \\*.*\\n)+ \\* @module ${name}\\n \\*/\\n`))
})
