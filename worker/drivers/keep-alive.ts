/**
 * A connection on which nothing has come for so long is asked by the system whether its other end is still there, and lost ten seconds later
 * without an answer: by itself Linux would wait for two hours. What forgets connections that are quiet, as routers and balancers do, sees them.
 */
export const keepAliveMs = 60_000
