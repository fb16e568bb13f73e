import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type TemporaryDatabase, temporaryDatabase } from 'offloop/testing'
import { testServers } from '../test-servers.ts'
import { expectOutput, withoutMatches } from './expected-output.ts'
import { nameOf, type Program, serverUrl } from './program.ts'
import type { Workspace } from './workspace.ts'

/** What a program did, and what its page says it does: equal if the page is right. */
export interface Comparison {
  readonly found: Outcome
  readonly expected: Outcome
}

interface Outcome {
  readonly code: number
  readonly stdout: readonly string[]
  readonly stderr: string
}

const child = fileURLToPath(new URL('programs-child.ts', import.meta.url))

/** Runs programs, each in its folder; for each server that one names it gets a database of its own, which ends with them. */
export async function runPrograms(workspace: Workspace, programs: readonly Program[]): Promise<ReadonlyMap<Program, Comparison>> {
  // AsyncDisposableStack is newer than Node.js 22.
  const databases: TemporaryDatabase[] = []
  try {
    return await compare(workspace, programs, databases)
  } finally {
    await Promise.all(databases.map((database) => database[Symbol.asyncDispose]()))
  }
}

async function compare(
  workspace: Workspace,
  programs: readonly Program[],
  databases: TemporaryDatabase[],
): Promise<ReadonlyMap<Program, Comparison>> {
  const expected = new Map<Program, readonly string[]>()
  for (const program of programs) {
    let { code } = program
    for (const server of program.servers) {
      const database = await temporaryDatabase({ url: testServers[server].url, reflect: false })
      databases.push(database)
      const url = JSON.stringify(database.url.render({ hidePassword: false }))
      code = code.replaceAll(serverUrl, (text, dialect) => ((dialect === 'postgresql') === (server === 'postgresql') ? url : text))
    }
    const { code: changed, lines } = expectOutput(program.title, code)
    workspace.write(join(nameOf(program), 'program.ts'), changed)
    expected.set(program, lines)
  }
  const run = await workspace.node('.', '--import', './preload.mjs', child, workspace.folder, ...programs.map(nameOf))
  const outcomes = new Map(
    run.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
      .map((outcome) => [outcome.name, outcome]),
  )
  return new Map(
    programs.map((program) => {
      const { code, stdout, stderr } = outcomes.get(nameOf(program)) ?? {
        code: -1,
        stdout: '',
        stderr: `it did not run to its end:\n${run.stderr}`,
      }
      const printed: readonly string[] = stdout === '' ? [] : stdout.replace(/\n$/, '').split('\n')
      const lines = expected.get(program) ?? []
      return [
        program,
        { found: { code, stdout: withoutMatches(printed, lines), stderr }, expected: { code: 0, stdout: lines, stderr: '' } },
      ]
    }),
  )
}
