/** First argument of a child process that holds a connection, and is to behave as one: see `worker/process-host.ts`. */
export const processRole = 'offloop-process'
