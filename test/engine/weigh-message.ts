import { serialize } from 'node:v8'

/** What messages have cost. */
export interface MessageCosts {
  messages: number
  /** Objects among their values, which structured cloning has to walk. */
  objects: number
  /** Arrays that V8 takes for such with holes, and clones element by element with its index. */
  sparse: number
}

const sparseArrayTag = 'a'.charCodeAt(0)

/** Adds up what a message costs. */
export function weighMessage(message: unknown, costs: MessageCosts): void {
  costs.messages++
  if (!Array.isArray(message)) return
  const objects = message.filter((value) => typeof value === 'object' && value !== null)
  costs.objects += objects.length
  // Behind a header of two bytes comes the tag of the value.
  costs.sparse += [message, ...objects].filter((value) => Array.isArray(value) && serialize(value)[2] === sparseArrayTag).length
}
