import { createEngine } from 'offloop'
import { describeFailure } from './io-outcome.ts'

// Opens databases as the user it runs as; prints for each how opening, reading and writing ended.
for (const url of process.argv.slice(2)) {
  const engine = createEngine(url)
  const endings = [
    await endingOf(async () => (await engine.connect()).close()),
    await endingOf(() => engine.scalar('select count(*) from note')),
    await endingOf(() => engine.execute("insert into note (text) values ('more')")),
  ]
  await engine.close()
  console.log(endings.join(' '))
}

async function endingOf(work: () => PromiseLike<unknown>): Promise<string> {
  try {
    await work()
    return 'ok'
  } catch (error) {
    const { name, driverCode } = describeFailure(error)
    return name === 'OperationalError' ? driverCode : name
  }
}
