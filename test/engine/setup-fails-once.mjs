// The first connection to a file is refused, every later one is not.
export default function setup(handle) {
  const [{ user_version: version }] = handle.prepare('pragma user_version').all()
  if (version === 1) return
  handle.exec('pragma user_version = 1')
  throw new Error('not yet')
}
