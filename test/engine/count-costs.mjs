// Runs in the worker of each connection, before anything else does: counts what the worker posts and prepares.
import { MessagePort } from 'node:worker_threads'
import { weighMessage } from './weigh-message.ts'

const counted = { messages: 0, objects: 0, sparse: 0, prepares: 0 }

// This thread's clock, by which statements and chunks take long: one that is kept from its processor has not been slow for that.
let now = performance.now()
performance.now = () => {
  now += 0.001
  return now
}

export default function setup(handle) {
  // Takes that many milliseconds, and gives them back.
  handle.function('nap', (ms) => {
    now += ms
    return ms
  })
  const { prepare } = handle
  handle.prepare = function (sql) {
    counted.prepares++
    return prepare.call(this, sql)
  }
}

const { postMessage } = MessagePort.prototype
MessagePort.prototype.postMessage = function (message, ...rest) {
  weighMessage(message, counted)
  return postMessage.call(this, message, ...rest)
}

export function countedSoFar() {
  return { ...counted }
}
