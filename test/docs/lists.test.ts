import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync, Visitor } from 'vite'
import { expect, test } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { root } from '../architecture/source-file.ts'
import { readPage } from './page.ts'

/** The names of an interface's properties. */
function propertiesOf(file: string, name: string): readonly string[] {
  const { program } = parseSync(file, readFileSync(join(root, file), 'utf8'))
  const names: string[] = []
  new Visitor({
    TSInterfaceDeclaration: ({ id, body }) => {
      if (id.name !== name) return
      for (const member of body.body)
        if (member.type === 'TSPropertySignature' && member.key.type === 'Identifier') names.push(member.key.name)
    },
  }).visit(program)
  return names
}

const { text } = readPage('docs/options.md')
const guarantees = readPage('docs/guarantees.md')

test('the guide of options has every option of the engine, and no other', () => {
  const listed = [...text.matchAll(/^\| (`[^|]+`) \| /gm)].flatMap(([, names]) =>
    [...(names ?? '').matchAll(/`([\w.]+)`/g)].map(([, option]) => option),
  )
  const options = propertiesOf('src/engine/options.ts', 'EngineOptions').filter((name) => name !== 'pool')
  const pool = propertiesOf('src/engine/options.ts', 'PoolOptions').map((name) => `pool.${name}`)
  expect(listed.toSorted()).toEqual([...options, ...pool].sort())
})

test.for(['ExecuteOptions', 'BeginOptions', 'TransactionOptions'])('the guide of options names those of %s', (name) => {
  const options = propertiesOf('src/sql/executor.ts', name)
  expect(options.length).toBeGreaterThan(0)
  expect(options.filter((option) => !new RegExp(`[{ ]${option}[,: ]`).test(text))).toEqual([])
})

test('the guide of what holds names every command that tries to break it', () => {
  const commands = [...guarantees.text.matchAll(/^\| `npm run (soak:[a-z-]+)` \| /gm)].map(([, command]) => command)
  expect(commands.toSorted()).toEqual(
    Object.keys(manifest.scripts)
      .filter((name) => name.startsWith('soak:'))
      .sort(),
  )
})
