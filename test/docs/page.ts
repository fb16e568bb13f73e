import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path/posix'
import GithubSlugger from 'github-slugger'
import { lexer, type Token, type Tokens, walkTokens } from 'marked'
import { root } from '../architecture/source-file.ts'

/**
 * A block of code of a page, and what is to be done with it. A first line that is nothing but a comment with a file's name makes it that file,
 * and so does `<!-- file: NAME -->` before it, where the language has no comments. `<!-- new program -->` begins a new program;
 * `<!-- not run: REASON -->` leaves the block out.
 */
export interface Block {
  readonly language: string
  readonly code: string
  /** Of its first line of code in the page, from 1. */
  readonly line: number
  readonly file: string | undefined
  readonly startsProgram: boolean
  readonly notRun: string | undefined
}

export interface Page {
  /** From the package's root: `docs/errors.md`. */
  readonly path: string
  readonly text: string
  readonly blocks: readonly Block[]
  readonly links: readonly string[]
  /** What a link can say behind `#`. */
  readonly anchors: ReadonlySet<string>
}

/** The pages that readers have. The reference of the API is made of the code, and holds examples of its docstrings. */
export function readPages(): readonly Page[] {
  return ['README.md', ...globSync('docs/**/*.md', { cwd: root, exclude: ['docs/api/**', 'docs/typedoc/**'] }).sort()].map((path) =>
    readPage(path),
  )
}

export function readPage(path: string, text = readFileSync(join(root, path), 'utf8')): Page {
  const tokens = lexer(text)
  const slugger = new GithubSlugger()
  const links: string[] = []
  const anchors = new Set<string>()
  walkTokens(tokens, (token) => {
    if (token.type === 'link' || token.type === 'image') links.push(token['href'])
    if (token.type === 'heading') anchors.add(slugger.slug(plainText(token as Tokens.Heading)))
  })
  return { path, text, blocks: blocksOf(path, tokens), links, anchors }
}

const directive = /^<!-- (new program|file|not run)(?:: (.+?))? -->\s*$/
const fileComment = /^(?:\/\/|--|#) (\S+\.[a-z]+)$/

function blocksOf(path: string, tokens: readonly Token[]): readonly Block[] {
  const blocks: Block[] = []
  let line = 1
  let directives = new Map<string, string>()
  for (const token of tokens) {
    if (token.type === 'html') directives.set(...readDirective(path, line, token.raw))
    if (token.type === 'code') {
      const { lang = '', text } = token as Tokens.Code
      if (!token.raw.startsWith('```'))
        throw new SyntaxError(`${path}:${line}: an indented line is code to Markdown; fence it or unindent it.`)
      const file = directives.get('file') ?? fileComment.exec(text.split('\n', 1)[0] ?? '')?.[1]
      blocks.push({
        language: lang,
        code: text,
        line: line + 1,
        file,
        startsProgram: directives.has('new program'),
        notRun: directives.get('not run'),
      })
    }
    if (token.type !== 'html' && token.type !== 'space') directives = new Map()
    line += token.raw.split('\n').length - 1
  }
  return blocks
}

function readDirective(path: string, line: number, html: string): readonly [string, string] {
  const [, name, value = ''] = directive.exec(html) ?? []
  if (name === undefined) throw new SyntaxError(`${path}:${line}: ${html.trim()} is none of the directives that test/docs knows.`)
  return [name, value]
}

function plainText({ tokens }: Tokens.Heading): string {
  return tokens.map((token) => ('text' in token ? token.text : token.raw)).join('')
}
