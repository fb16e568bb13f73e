import { writeFileSync } from 'node:fs'

/** Makes a file beside the database, and never ends. */
export default function setup({ name }: { readonly name: string }): Promise<never> {
  writeFileSync(`${name}.opens`, '')
  return new Promise(() => {})
}
