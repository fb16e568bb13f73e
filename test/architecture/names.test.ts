import { basename } from 'node:path/posix'
import { expect, test } from 'vitest'
import { sourceFiles } from './source-file.ts'

const files = sourceFiles('src/**/*.ts', 'worker/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts')

test('no file or folder has a catch-all name', () => {
  const isCatchAll = (part: string) => /^(utils?|helpers?|common|misc|shared)$/.test(part)
  expect(files.filter(({ path }) => path.split(/[/.]/).some(isCatchAll)).map(({ path }) => path)).toEqual([])
})

test('a file name is kebab-case', () => {
  expect(files.filter(({ path }) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z-]+)?\.ts$/.test(basename(path))).map(({ path }) => path)).toEqual([])
})

test('src and worker hold no `any` and silence no type error', () => {
  const sources = files.filter(({ path }) => /^(src|worker)\//.test(path))
  expect(sources.flatMap(({ anys }) => anys)).toEqual([])
  const silencers = /^\s*@ts-(ignore|nocheck|expect-error)/
  expect(sources.filter(({ comments }) => comments.some((comment) => silencers.test(comment))).map(({ path }) => path)).toEqual([])
})
