// Keeps a core busy for as many milliseconds as it is told, and says when that is over.
import { parentPort, workerData } from 'node:worker_threads'

const end = performance.now() + workerData
let turns = 0
while (performance.now() < end) turns++
parentPort.postMessage(turns)
