/** What follows a request's code in the flat array: nothing for `all`, one cell for `get`, five for `insert`, a text for `exec`. */
export const BorderRequest = { get: 0, all: 1, insert: 2, exec: 3 } as const

/** A reply begins with how many cells follow; a failed request's reply is this and a message. */
export const borderFailed = -1
export const itemWidth = 5

export type BorderCell = string | number | null
