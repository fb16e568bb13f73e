/** Sends requests to a server as its users do, and times the answers. A process of its own: the server's thread is to do nothing else. */
import { Agent, get } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { idAt } from '../item.ts'

export interface Load {
  readonly port: number
  /** Each has a connection, asks for one item after another, and rests in between. */
  readonly users: number
  readonly restMs: number
  readonly durationMs: number
  /** The table's, so that every request asks for an item that there is. */
  readonly rows: number
  /** One request for the aggregate is under way at any time. */
  readonly heavy: boolean
}

export interface LoadReport {
  /** Of the small requests, from sending to the end of the answer. */
  readonly latenciesMs: readonly number[]
  /** The answers to each user's first requests, which are the same however many there are. */
  readonly bodies: readonly string[]
}

const bodiesPerUser = 3

interface Answer {
  readonly latencyMs: number
  readonly body: string
}

interface Target {
  readonly agent: Agent
  readonly port: number
}

process.on('message', async (load: Load) => {
  // Of this run only: while nobody asks, the server closes connections that a later run would take for open.
  const agent = new Agent({ keepAlive: true })
  const target = { agent, port: load.port }
  let running = true
  const heavy = load.heavy ? keepAsking(target, () => running) : undefined
  // The aggregate is under way before the first small request is sent.
  await setTimeout(50)
  // A server in use: between two runs a pool may have closed what was idle.
  await request(target, '/item/1')
  const users = await Promise.all(Array.from({ length: load.users }, (_, user) => actAsUser(target, load, user)))
  running = false
  await heavy
  agent.destroy()
  const report: LoadReport = {
    latenciesMs: users.flat().map(({ latencyMs }) => latencyMs),
    bodies: users.flatMap((answers) => answers.slice(0, bodiesPerUser)).map(({ body }) => body),
  }
  process.send?.(report)
})
process.send?.('ready')

async function keepAsking(target: Target, goOn: () => boolean): Promise<void> {
  while (goOn()) await request(target, '/report')
}

async function actAsUser(target: Target, { users, restMs, durationMs, rows }: Load, user: number): Promise<readonly Answer[]> {
  const endsAt = performance.now() + durationMs
  const answers: Answer[] = []
  // Users do not march in step.
  await setTimeout((restMs * user) / users)
  while (performance.now() < endsAt || answers.length < bodiesPerUser) {
    answers.push(await request(target, `/item/${idAt(answers.length * users + user, rows)}`))
    await setTimeout(restMs)
  }
  return answers
}

function request({ agent, port }: Target, path: string): Promise<Answer> {
  const sentAt = performance.now()
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text) => {
        body += text
      })
      response.on('end', () => resolve({ latencyMs: performance.now() - sentAt, body }))
      response.on('error', reject)
    }).on('error', reject)
  })
}
