// Runs in the worker of each connection, before anything else does: counts what the worker posts and prepares.
import { MessagePort } from 'node:worker_threads'
import { weighMessage } from './weigh-message.ts'

const counted = { messages: 0, objects: 0, sparse: 0, prepares: 0 }

export default function setup(handle) {
  // Gives back what it was given, after that many milliseconds.
  handle.function('nap', (ms) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
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
