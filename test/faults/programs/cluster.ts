import cluster from 'node:cluster'
import { once } from 'node:events'
import { createEngine } from 'offloop'

const [driverName, file, increments] = process.argv.slice(-3)
const engine = createEngine(`sqlite+${driverName}:///${file}`, { busyTimeoutMs: 30_000 })

if (cluster.isPrimary) {
  // The parent has an engine of its own open before it forks.
  await engine.scalar('select value from counter')
  const codes = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const [code] = await once(cluster.fork(), 'exit')
      return code as number
    }),
  )
  if (codes.some((code) => code !== 0)) throw new Error(`processes exited with ${codes.join(', ')}`)
  await engine.close()
  console.log('done')
} else {
  for (let done = 0; done < Number(increments); done++) {
    await engine.transaction(async (tx) => {
      const value = await tx.scalar<number>('select value from counter')
      await tx.execute('update counter set value = ?', [Number(value) + 1])
    })
  }
  await engine.close()
  process.disconnect()
}
