import { raceCommits } from './commit-races.ts'
import { raceHandOvers } from './hand-over-races.ts'
import { isProgram, numberOption, report } from './scratch.ts'

// Callers that give up around the moment at which a connection is handed to them, and around their commit.

if (isProgram(import.meta)) {
  const seed = numberOption('seed', Date.now() % 1_000_000)
  const handOvers = await raceHandOvers(numberOption('hand-overs', 10_000), seed)
  const commits = await raceCommits(numberOption('commits', 1_000), seed)
  report(
    'races',
    {
      'races for a connection': handOvers.races,
      'of them given up': handOvers.givenUp,
      'ended by close()': handOvers.closed,
      'connections lost': handOvers.lost,
      'races round a commit': commits.races,
      'told committed': commits.committed,
      'told not committed': commits.refused,
      'told unknown': commits.unknown,
      contradictions: commits.contradictions,
      'connections leaked': commits.leaked,
      'as seed': seed,
    },
    [...handOvers.violations, ...commits.violations],
  )
}
