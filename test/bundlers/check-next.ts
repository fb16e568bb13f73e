import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../package/run-command.ts'
import { writeFilesOfPage } from './page-files.ts'
import { replaceInFile, type Scene } from './scene.ts'

const app = fileURLToPath(new URL('./next/', import.meta.url))
const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' }

/** A page of Next.js asks an engine: built by both of its bundlers, as its configuration says, and with `offloop` in the bundle. */
export async function checkNext(scene: Scene): Promise<void> {
  for (const bundler of ['--turbopack', '--webpack']) {
    for (const takenIn of [false, true]) {
      const title = `Next.js ${bundler}, ${takenIn ? 'taken in' : 'kept out'}`
      await scene.check(title, () => buildAndAsk(scene, bundler, takenIn))
    }
  }
}

async function buildAndAsk(scene: Scene, bundler: string, takenIn: boolean): Promise<void> {
  const folder = join(scene.project, `next${bundler}${takenIn ? '-all' : ''}`)
  cpSync(app, folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  writeFilesOfPage(folder, ['next.config.mjs'])
  const config = join(folder, 'next.config.mjs')
  if (takenIn) replaceInFile(config, "serverExternalPackages: ['offloop'],", '')
  // The packages of the page are those of the project around it.
  replaceInFile(config, './node_modules/', '../node_modules/')
  const command = join(scene.project, 'node_modules/next/dist/bin/next')
  await run(process.execPath, [command, 'build', bundler], { cwd: folder, env })
  // To where nothing else is installed.
  const standalone = join(scene.folder, `standalone-${bundler}-${takenIn}`)
  cpSync(join(folder, '.next/standalone'), standalone, { recursive: true, verbatimSymlinks: true })
  const server = readdirSync(standalone, { recursive: true, encoding: 'utf8' }).find(
    (path) => path.endsWith('server.js') && !path.includes('node_modules'),
  )
  const page = await askServer(join(standalone, server ?? 'server.js'))
  const expected = takenIn ? /<p>DriverLoadError: The bundler has left behind the worker file of offloop, .+<\/p>/ : /<p>42<\/p>/
  if (!expected.test(page)) throw new Error(`in place of ${expected}: ${page}`)
}

/** The page that the server gives, which then ends. */
async function askServer(program: string): Promise<string> {
  const port = await freePort()
  const server = spawn(process.execPath, [program], { env: { ...env, PORT: String(port) }, stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    await ready(server)
    return await (await fetch(`http://127.0.0.1:${port}/`)).text()
  } finally {
    if (server.exitCode === null && server.signalCode === null) {
      const ended = once(server, 'exit')
      server.kill('SIGKILL')
      await ended
    }
  }
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let printed = ''
    // Far more than it takes: a server that neither ends nor serves would keep the soak for ever.
    setTimeout(() => reject(new Error(`the server was not ready after a minute, and had printed: ${printed}`)), 60_000).unref()
    for (const stream of [server.stdout, server.stderr]) {
      stream?.on('data', (text: Buffer) => {
        printed += text
        if (printed.includes('Ready')) resolve()
      })
    }
    server.once('exit', () => reject(new Error(`the server ended and had printed: ${printed}`)))
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}
