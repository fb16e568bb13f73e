import { type ESTree, parseSync, Visitor } from 'vite'

/**
 * What a program says of itself behind `// →`. On the line of a `console.log` it is what that prints; behind a declaration it is the value of what
 * was declared, behind an expression its value, as `inspect` shows it, and `throws Name: message` what it throws. Lines of nothing but such a
 * comment go on with what the line before them began. `…` stands for anything.
 */
export interface ExpectedOutput {
  /** The program, made to print the values as well. Its lines are where they were. */
  readonly code: string
  readonly lines: readonly string[]
}

/** The global functions that the changed program calls: see `preload`. */
const show = 'showValue'
const showThrown = 'showThrown'

type Statement = ESTree.ExpressionStatement | ESTree.VariableDeclaration

export function expectOutput(title: string, code: string): ExpectedOutput {
  const { program, comments, errors } = parseSync('program.ts', code, { sourceType: 'module' })
  if (errors.length > 0) throw new SyntaxError(`${title}: ${errors[0]?.message}`)
  const statements: Statement[] = []
  const add = (node: Statement): void => void statements.push(node)
  new Visitor({ ExpressionStatement: add, VariableDeclaration: add }).visit(program)
  const changes: { readonly start: number; readonly end: number; readonly text: string }[] = []
  const lines: string[] = []
  for (const { value, start } of comments) {
    const [, expected] = /^ → ?(.*)$/.exec(value) ?? []
    if (expected === undefined) continue
    lines.push(expected)
    const before = code.slice(code.lastIndexOf('\n', start) + 1, start)
    if (before.trim() === '') continue
    const end = start - (before.length - before.trimEnd().length)
    // The last one found is the innermost: a parent is visited before its children.
    const statement = statements.findLast((candidate) => candidate.end === end)
    if (statement === undefined) throw new SyntaxError(`${title}: no statement ends before "// → ${expected}".`)
    const text = changed(statement, code, expected)
    if (text !== null) changes.push({ start: statement.start, end, text })
  }
  return { code: applied(changes, code), lines }
}

/** A statement that prints its value as well; null if it prints already. */
function changed(statement: Statement, code: string, expected: string): string | null {
  const text = code.slice(statement.start, statement.end)
  if (statement.type === 'VariableDeclaration') {
    const names = statement.declarations.flatMap(({ id }) => boundNames(id))
    return `${text}; ${show}(${names.join(', ')})`
  }
  const { expression } = statement
  if (/^console\.\w+\(/.test(text)) return null
  const value = code.slice(expression.start, expression.end)
  // The semicolon keeps the line before from going on with what begins with a bracket.
  return expected.startsWith('throws ') ? `;await ${showThrown}(async () => ${value})` : `;${show}(${value})`
}

function boundNames(pattern: ESTree.BindingPattern): readonly string[] {
  const names: string[] = []
  if (pattern.type === 'Identifier') names.push(pattern.name)
  if (pattern.type === 'ArrayPattern') for (const element of pattern.elements) if (element?.type === 'Identifier') names.push(element.name)
  if (pattern.type === 'ObjectPattern')
    for (const property of pattern.properties)
      if (property.type === 'Property' && property.value.type === 'Identifier') names.push(property.value.name)
  return names
}

function applied(changes: readonly { readonly start: number; readonly end: number; readonly text: string }[], code: string): string {
  let result = ''
  let end = 0
  for (const change of changes) {
    result += code.slice(end, change.start) + change.text
    end = change.end
  }
  return result + code.slice(end)
}

/** A module that is loaded before a changed program. Values are printed on one line each, as a comment has them. */
export const preload = `
import { inspect } from 'node:util'
Object.assign(inspect.defaultOptions, { breakLength: Infinity, compact: true })
Object.assign(globalThis, {
  ${show}: (...values) => console.log(values.map((value) => inspect(value)).join(' ')),
  ${showThrown}: async (work) => {
    try {
      await work()
    } catch (error) {
      return console.log('throws ' + error.name + ': ' + error.message)
    }
    console.log('throws nothing')
  },
})
`

/** What was printed, with each line that is as expected as it is in the page: what is left is the difference. */
export function withoutMatches(printed: readonly string[], expected: readonly string[]): readonly string[] {
  return printed.map((line, index) => {
    const wanted = expected[index]
    return wanted !== undefined && matches(line, wanted) ? wanted : line
  })
}

function matches(line: string, wanted: string): boolean {
  const parts = wanted.split('…').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(line)
}
