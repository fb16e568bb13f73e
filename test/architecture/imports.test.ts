import { basename } from 'node:path/posix'
import { expect, test } from 'vitest'
import { layerOf, mayImportFile, mayImportPackage } from './layers.ts'
import { type SourceFile, sourceFiles } from './source-file.ts'

const files = sourceFiles('src/**/*.ts', 'worker/**/*.ts')

test('every file of src and worker belongs to a layer', () => {
  expect(files.filter(({ path }) => layerOf(path) === undefined).map(({ path }) => path)).toEqual([])
})

test('a layer imports from the layers below it only', () => {
  expect(brokenImports(files, (file, layer) => file === null || mayImportFile(layer, file))).toEqual([])
})

test('a layer imports its own packages only', () => {
  expect(brokenImports(files, (file, layer, specifier) => file !== null || mayImportPackage(layer, specifier))).toEqual([])
})

test('an index.ts is never imported from inside', () => {
  expect(brokenImports(files, (file) => file === null || basename(file) !== 'index.ts')).toEqual([])
})

test('imports make no circle, types included', () => {
  expect(findCircle(files)).toEqual([])
})

type Rule = (file: string | null, layer: NonNullable<ReturnType<typeof layerOf>>, specifier: string) => boolean

function brokenImports(sources: readonly SourceFile[], isAllowed: Rule): readonly string[] {
  return sources.flatMap(({ path, imports }) => {
    const layer = layerOf(path)
    if (layer === undefined) return []
    return imports
      .filter(({ file, specifier }) => !isAllowed(file, layer, specifier))
      .map(({ at, specifier }) => `${at} imports ${specifier}`)
  })
}

/** The files of the first circle found, in the order of their imports, the first one again at the end. */
function findCircle(sources: readonly SourceFile[]): readonly string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): readonly string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (done.has(path)) return []
    for (const { file } of byPath.get(path)?.imports ?? []) {
      const circle = file === null ? [] : visit(file, [...trail, path])
      if (circle.length > 0) return circle
    }
    done.add(path)
    return []
  }
  return [...byPath.keys()].map((path) => visit(path, [])).find((circle) => circle.length > 0) ?? []
}
