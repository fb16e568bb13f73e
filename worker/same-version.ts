import { version } from '../src/protocol/version.ts'
import { HostError } from './host-error.ts'

/**
 * A copy of the worker file that an update has left behind would misunderstand what it is sent.
 *
 * @throws {HostError} `driverLoad`: it is not of the program's version
 */
export function assertSameVersion(wanted: string): void {
  if (wanted === version) return
  throw new HostError({
    family: 'driverLoad',
    message: `The worker file ${import.meta.url} is of offloop ${version}, and the program has offloop ${wanted}: copy the file of import.meta.resolve("offloop/worker") again.`,
  })
}
