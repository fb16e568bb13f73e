/** A key of an object, or an index of a list from 0 on. */
export type JsonStep = string | number

/** `['a', 0]` → `$."a"[0]`, as SQLite and MySQL write a place in a document: a key is written as a JSON text. */
export function jsonPathText(steps: readonly JsonStep[]): string {
  return steps.reduce<string>((path, step) => (typeof step === 'number' ? `${path}[${step}]` : `${path}.${JSON.stringify(step)}`), '$')
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
