import type { Command } from 'commander'

/** What a command does: in a list a few words, and in its own help a sentence of them. */
export function describe(command: Command, summary: string): Command {
  return command.summary(summary).description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
}
