/**
 * Refuses a Node.js that is too old, in words a person understands. It imports nothing and `index.ts` imports it first: better-sqlite3 needs
 * Node-API 10 and takes a process without it down with SIGSEGV, so the check has to come before anything that might load the driver.
 */
const { node, napi = '0' } = process.versions
const [major = 0, minor = 0] = node.split('.').map(Number)

// Both are asked: Node.js 23.0 to 23.5 is newer than 22.14 and still has Node-API 9.
if (major < 22 || (major === 22 && minor < 14) || Number(napi) < 10) {
  const found = `Node.js ${node} with Node-API ${napi}`
  throw new Error(`offloop needs Node.js 22.14 or newer with Node-API 10, and this is ${found}: please run it with a current Node.js.`)
}
