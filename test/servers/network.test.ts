import { expect, test } from 'vitest'
import { troubleNetwork } from '../soak/network.ts'
import { seed } from '../soak/random.ts'
import { describeServers } from './servers.ts'

describeServers((server) => {
  test('behind a network that breaks every call settles, and what is stored is what was told', async () => {
    const { done, broken, violations } = await troubleNetwork(server.url, { seconds: 4, seed })
    expect(violations).toEqual([])
    expect(done).toBeGreaterThan(20)
    expect(broken).toBeGreaterThan(0)
  })
})
