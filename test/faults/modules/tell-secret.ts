interface Handle {
  function(name: string, fn: () => string): void
}

/** Gives the database a function that its own program may call, and no stranger's schema. */
export default function tellSecret(handle: Handle): void {
  handle.function('secret', () => 'told')
}
