import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { expect, test } from 'vitest'
import { root } from '../architecture/source-file.ts'
import { readPages } from './page.ts'

const pages = new Map(readPages().map((page) => [page.path, page]))

test('every link inside the documentation leads somewhere', () => {
  const broken = [...pages.values()].flatMap(({ path, links }) =>
    links.filter((link) => !/^https?:/.test(link) && !leadsSomewhere(path, link)).map((link) => `${path} → ${link}`),
  )
  expect(broken).toEqual([])
})

test('every guide is in the index, and the index is in the README', () => {
  const linked = (path: string): readonly string[] =>
    (pages.get(path)?.links ?? []).map((link) => join(dirname(path), link.replace(/#.*/, '')))
  const guides = [...pages.keys()].filter((path) => path !== 'README.md' && path !== 'docs/README.md')
  expect(guides.filter((path) => !linked('docs/README.md').includes(path))).toEqual([])
  expect(linked('README.md')).toContain('docs/README.md')
})

function leadsSomewhere(from: string, link: string): boolean {
  const [file = '', anchor] = link.split('#')
  const path = file === '' ? from : join(dirname(from), file)
  if (anchor === undefined) return existsSync(join(root, path))
  return pages.get(path)?.anchors.has(anchor) ?? false
}
