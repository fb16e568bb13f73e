import { BroadcastChannel } from 'node:worker_threads'

const channel = new BroadcastChannel('offloop-slow-to-load')
channel.postMessage('loading')
// As on a machine that has more to do than it can.
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_500)
channel.postMessage('loaded')
channel.close()
export default {}
