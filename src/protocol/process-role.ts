/** First argument of a child process that holds a connection, and is to behave as one: see `worker/process-host.ts`. */
export const processRole = 'offloop-process'

/** First argument of the thread of such a process that looks after whether the program still lives; the second is the program's process id. */
export const watchRole = 'offloop-watch'
