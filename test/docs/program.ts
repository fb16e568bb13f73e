import { type ESTree, parseSync } from 'vite'
import type { Block, Page } from './page.ts'

/**
 * The blocks of a page that follow each other, as one program. Each is a scope inside that of the block before: it sees every name of those, and
 * may use one of them again. What is not code is an empty line, so that a line has its number of the page: an error can be found there.
 */
export interface Program {
  /** `docs/errors.md:12`: the page, and the line of its first block. */
  readonly title: string
  readonly page: Page
  readonly code: string
  /** The servers whose URLs it names. */
  readonly servers: readonly ('postgresql' | 'mysql')[]
}

/** A URL of a server in a text: the runner puts a database of its own in its place. */
export const serverUrl = /'(postgresql|mysql|mariadb):\/\/[^']*'/g

/** Blocks that make programs: of TypeScript, and no file. */
export function programsOf(page: Page): readonly Program[] {
  const groups: Block[][] = []
  for (const block of page.blocks) {
    if (block.language !== 'ts' || block.file !== undefined || block.notRun !== undefined) continue
    const current = groups.at(-1)
    if (current === undefined || block.startsProgram) groups.push([block])
    else current.push(block)
  }
  return groups.map((blocks) => toProgram(page, blocks))
}

/** Node.js 22 does not know `await using`, which has to be compiled for it. */
export function runsAsItStands({ code }: Program): boolean {
  return 'AsyncDisposableStack' in globalThis || !code.includes('await using ')
}

/** A name for the folder of a program, and for the program in it. */
export function nameOf({ page, title }: Program): string {
  return `${page.path.replaceAll('/', '-')}-${title.split(':')[1]}`
}

function toProgram(page: Page, blocks: readonly Block[]): Program {
  const imports = new Imports(`${page.path}`)
  const lines: string[] = page.text.split('\n').map(() => '')
  for (const { code, line } of blocks) {
    // The line of the fence is free.
    lines[line - 2] = '{'
    imports.take(code, line).forEach((text, index) => {
      lines[line - 1 + index] = text
    })
  }
  lines.push('}'.repeat(blocks.length))
  const first = blocks[0]?.line ?? 1
  const unused = imports.unused(lines)
  if (unused.length > 0) throw new SyntaxError(`${page.path}:${first}: imported and not used: ${unused.join(', ')}.`)
  lines[0] = `${imports.render()}${lines[0]}`
  const code = `${lines.join('\n')}\n`
  const servers = [...code.matchAll(serverUrl)].map(([, dialect]) => (dialect === 'postgresql' ? 'postgresql' : 'mysql'))
  return { title: `${page.path}:${first}`, page, code, servers: [...new Set(servers)] }
}

/** The imports of several blocks: a program has them at its beginning, each once. */
class Imports {
  readonly #page: string
  /** By the name in the program: what is imported, ready to be printed. */
  readonly #declarations = new Map<string, string>()

  constructor(page: string) {
    this.#page = page
  }

  /** The lines of a block without its imports. */
  take(code: string, line: number): readonly string[] {
    const { program, errors } = parseSync('block.ts', code, { sourceType: 'module' })
    if (errors.length > 0) throw new SyntaxError(`${this.#page}:${line}: ${errors[0]?.message}`)
    let rest = code
    for (const node of program.body) {
      if (node.type === 'ExportNamedDeclaration' || node.type === 'ExportDefaultDeclaration')
        throw new SyntaxError(`${this.#page}:${line}: a block that exports something is a file: name it in a comment on its first line.`)
      if (node.type !== 'ImportDeclaration') continue
      rest = rest.slice(0, node.start) + code.slice(node.start, node.end).replaceAll(/[^\n]/g, ' ') + rest.slice(node.end)
      for (const specifier of node.specifiers) this.#add(code, node, specifier)
    }
    return rest.split('\n')
  }

  render(): string {
    return [...this.#declarations.values()].map((declaration) => `${declaration}; `).join('')
  }

  #add(code: string, node: ESTree.ImportDeclaration, specifier: ESTree.ImportDeclarationSpecifier): void {
    const text = code.slice(specifier.start, specifier.end)
    const kind = node.importKind === 'type' ? 'import type' : 'import'
    const clause = specifier.type === 'ImportSpecifier' ? `{ ${text} }` : text
    const declaration = `${kind} ${clause} from ${node.source.raw}`
    const known = this.#declarations.get(specifier.local.name)
    if (known !== undefined && known !== declaration)
      throw new SyntaxError(`${this.#page}: "${specifier.local.name}" is imported twice, as ${known} and as ${declaration}.`)
    this.#declarations.set(specifier.local.name, declaration)
  }

  /** What is imported and not used in the lines of the program. */
  unused(lines: readonly string[]): readonly string[] {
    const code = lines.join('\n')
    return [...this.#declarations.keys()].filter((name) => !new RegExp(`\\b${name}\\b`).test(code))
  }
}
