/** Does the work again while it fails with what another attempt may be spared: `retries` times at the most, and while `mayGoOn`. */
export async function withRetries<T>(work: () => Promise<T>, retries: number, mayGoOn: () => boolean): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt >= retries || !isRetryable(error) || !mayGoOn()) throw error
    }
  }
}

function isRetryable(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'retryable' in error && error.retryable === true
}
