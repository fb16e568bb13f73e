// This thread's clock, by which statements and chunks take long: one that is kept from its processor has not been slow for that.
let now = performance.now()
performance.now = () => {
  now += 0.001
  return now
}

/** Lets that many milliseconds pass. */
export function advance(ms) {
  now += ms
}
