/** The hooks by which Yarn's Plug'n'Play finds packages, as Yarn gives them to a program. */
const plugAndPlay = /--(?:require|import|experimental-loader)[ =](?:"[^"]*\.pnp\.[^"]*"|\S*\.pnp\.\S*)/g

/**
 * The environment of threads and processes: the program's own, without NODE_OPTIONS. What stands there is meant for the program's start (a
 * preload that opens an engine, a debugger's port), but for what a package cannot be found without.
 */
export function workerEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: given = '', ...rest } = process.env
  const kept = process.versions['pnp'] === undefined ? [] : given.match(plugAndPlay)
  return kept === null || kept.length === 0 ? rest : { ...rest, NODE_OPTIONS: kept.join(' ') }
}
