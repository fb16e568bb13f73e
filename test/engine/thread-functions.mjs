// Tells a statement the thread that it runs on.
import { threadId } from 'node:worker_threads'

export default function setup(handle) {
  handle.function('thread', () => threadId)
}
