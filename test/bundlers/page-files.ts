import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files that the page of bundlers shows, by the name that stands in a comment before or at the head of each. */
const files = readFiles(readFileSync(new URL('../../docs/bundlers.md', import.meta.url), 'utf8'))

function readFiles(page: string): ReadonlyMap<string, string> {
  const blocks = page.matchAll(/(?:<!-- file: (\S+) -->\n)?```\w+\n(?:\/\/ (\S+)\n)?(.*?)```/gs)
  return new Map([...blocks].map(([, before, head, code = '']) => [before ?? head ?? '', code]))
}

export function fileOfPage(name: string): string {
  const code = files.get(name)
  if (code === undefined) throw new Error(`docs/bundlers.md has no file "${name}"; it has ${[...files.keys()].join(', ')}.`)
  return code
}

export function writeFilesOfPage(folder: string, names: readonly string[]): void {
  for (const name of names) writeFileSync(join(folder, name), fileOfPage(name))
}
