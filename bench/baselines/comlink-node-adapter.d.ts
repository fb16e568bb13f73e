declare module 'comlink/dist/esm/node-adapter.mjs' {
  import type { MessagePort, Worker } from 'node:worker_threads'
  import type { Endpoint } from 'comlink'

  /** Its own declarations are found beside the `.js` file only. */
  export default function nodeEndpoint(port: MessagePort | Worker): Endpoint
}
