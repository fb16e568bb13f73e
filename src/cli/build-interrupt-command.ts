import type { Command } from 'commander'
import { buildInterrupt, defaultOutput } from './build-interrupt.ts'
import { printableJson } from './printable.ts'
import { jsonText } from './shown-value.ts'
import { stdout } from './text-output.ts'

const afterHelp = `
Needs a C compiler: \`cc\`, or the one that the environment variable CC names.
What it prints is the path for the engine option "interrupt", and for \`offloop
shell --interrupt\`.`

export function defineBuildInterrupt(command: Command): void {
  command
    .option('-o, --output <file>', 'where to put it', defaultOutput)
    .option('--json', 'print the path as JSON')
    .addHelpText('after', afterHelp)
    .action(async ({ output, json }: { readonly output: string; readonly json?: true }) => {
      const file = await buildInterrupt(output)
      if (json === true) await stdout.print(`${jsonText({ file })}\n`, printableJson)
      else await stdout.print(`${file}\n`)
    })
}
