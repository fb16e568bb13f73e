// Adds a function that keeps a statement inside one native call for some milliseconds.
export default function setup(handle) {
  handle.function('busy', (ms, value) => {
    const end = performance.now() + ms
    while (performance.now() < end);
    return value
  })
}
