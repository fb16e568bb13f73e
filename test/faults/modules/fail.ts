/** Throws what says nothing of its arguments. */
export function fail(): never {
  throw new RangeError('thrown by a function of the program')
}

export function failLater(): Promise<never> {
  return Promise.reject(new TypeError('rejected by a function of the program'))
}

/** What it gives cannot leave the worker. */
export function giveFunction(_handle: object, text: string): () => string {
  return () => text
}

interface Handle {
  function(name: string, options: object, implementation: (text: unknown) => unknown): unknown
}

/** SQL functions that fail, or give what SQL does not know, whatever they are called with. */
export default function setup(handle: Handle): void {
  handle.function('fail', {}, (_text) => fail())
  handle.function('give_object', {}, (text) => ({ text }))
}
