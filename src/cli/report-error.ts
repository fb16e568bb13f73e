import { describeError, errorRecord } from './failure.ts'
import { say } from './messages.ts'
import { printableJson } from './printable.ts'
import { jsonText } from './shown-value.ts'
import { stderr } from './text-output.ts'

/** Says on stderr what has failed: in words, or as JSON for a program. */
export function reportError(error: unknown, json: boolean): void {
  if (json) stderr.say(`${printableJson(jsonText({ error: errorRecord(error) }))}\n`)
  else say(`offloop: ${describeError(error)}`)
}
