import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root, sourceFiles } from './source-file.ts'

const sources = sourceFiles('src/**/*.ts', 'worker/**/*.ts').map(({ path }) => ({ path, text: readFileSync(join(root, path), 'utf8') }))

function filesWith(pattern: RegExp): readonly string[] {
  return sources.filter(({ text }) => pattern.test(text)).map(({ path }) => path)
}

test('time is measured by a clock that nobody can set, and told by one in one place', () => {
  expect(filesWith(/\bDate\.now\(|\bnew Date\(\)/)).toEqual(['src/schema/present.ts'])
})

test('no file is removed but an unfinished copy or export, and a database made to be dropped: a -wal or -journal belongs to SQLite', () => {
  expect(filesWith(/\b(rm|unlink|rename|truncate)(Sync)?\(/)).toEqual([
    'src/dal/databases.ts',
    'src/data/write-output.ts',
    'worker/drivers/sqlite-backup.ts',
  ])
})

test('code is generated for the rows of a long result only', () => {
  expect(filesWith(/\bnew Function\(|\beval\(|\beval: true/)).toEqual(['src/orm/row-filler.ts', 'src/transport/row-builders.ts'])
})

test('nothing is declared by `using`, which Node.js 22 does not understand', () => {
  expect(filesWith(/^\s*(?:await )?using \w+ = /m)).toEqual([])
})
