import { BroadcastChannel } from 'node:worker_threads'

/** SQL can tell the program where it is: `announce('channel')` gives 1. */
export default function setup(handle: { function(name: string, implementation: (channel: string) => number): unknown }): void {
  handle.function('announce', (name) => {
    const channel = new BroadcastChannel(name)
    channel.postMessage('announced')
    channel.close()
    return 1
  })
}
