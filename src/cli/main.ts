#!/usr/bin/env node
import '../node-version.ts'
import { parseArgs } from 'node:util'
import { buildInterrupt, defaultOutput } from './build-interrupt.ts'

const usage = `Usage: offloop build-interrupt [--output FILE]

  build-interrupt   builds the extension for the engine option "interrupt", by which a statement
                    is stopped inside a native call; needs a C compiler
  --output FILE     where to put it (default: ${defaultOutput})`

/** Runs the command; gives the exit status: 0, 1 when it failed, 2 when it was not understood. */
async function main(args: string[]): Promise<number> {
  let command: string | undefined
  let output: string | undefined
  try {
    const { positionals, values } = parseArgs({
      args,
      allowPositionals: true,
      options: { output: { type: 'string', short: 'o' }, help: { type: 'boolean', short: 'h' } },
    })
    if (values.help === true) {
      console.log(usage)
      return 0
    }
    command = positionals.length === 1 ? positionals[0] : undefined
    output = values.output
  } catch (error) {
    console.error((error as Error).message)
    return 2
  }
  if (command !== 'build-interrupt') {
    console.error(usage)
    return 2
  }
  try {
    console.log(await buildInterrupt(output))
    return 0
  } catch (error) {
    console.error((error as Error).message)
    return 1
  }
}

process.exitCode = await main(process.argv.slice(2))
