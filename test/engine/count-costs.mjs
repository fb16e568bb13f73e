// Runs in the worker of each connection, before anything else does: counts what the worker posts and prepares.
import { MessagePort } from 'node:worker_threads'
import { advance } from './own-clock.mjs'
import { weighMessage } from './weigh-message.ts'

const counted = { messages: 0, objects: 0, sparse: 0, transferred: 0, prepares: 0 }

export default function setup(handle) {
  // Takes that many milliseconds, and gives them back.
  handle.function('nap', (ms) => {
    advance(ms)
    return ms
  })
  // Tells that it is at work, and stays there until it is told to go on.
  handle.function('hold', () => {
    Atomics.store(held, 0, 1)
    Atomics.notify(held, 0)
    Atomics.wait(held, 1, 0)
    return null
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
  counted.transferred += rest[0]?.length ?? 0
  return postMessage.call(this, message, ...rest)
}

let held

/** The two cells of `hold()`: it is at work, it is to go on. */
export function holdBy(_handle, cells) {
  held = cells
}

export function countedSoFar() {
  return { ...counted }
}
