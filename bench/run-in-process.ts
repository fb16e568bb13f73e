import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { OnMissing } from './baselines/load-baselines.ts'
import type { CaseAnswer, CaseRequest } from './case-process.ts'
import type { CaseResult } from './report.ts'

/**
 * Runs a case in a process of its own: what the cases before it have loaded, compiled and thrown away would be collected, and counted, in the
 * midst of its runs. All of its variants share that process.
 *
 * @throws {Error} it ended without a result; what it threw has been printed
 */
export async function runInProcess(request: CaseRequest, onMissing: OnMissing): Promise<CaseResult> {
  const child = fork(new URL('case-process.ts', import.meta.url))
  let result: CaseResult | undefined
  child.on('message', (answer: CaseAnswer) => {
    if (answer.kind === 'missing') onMissing(answer.name, answer.reason)
    else result = answer.result
  })
  child.send(request)
  // Its exit may come before its last message, this does not.
  const [code, signal] = await once(child, 'close')
  if (result === undefined || code !== 0) throw new Error(`The case ${request.name} ended with ${signal ?? code}.`)
  return result
}
