import { StatementTimeoutError } from 'offloop'
import { expect } from 'vitest'

/** A way in which callers give up. */
export interface GivingUp {
  readonly how: string
  /** Options that make a call give up when `now` is called. */
  begin(): { readonly options: { readonly signal?: AbortSignal; readonly timeoutMs?: number }; now(): void; check(error: Error): void }
}

export const reason = new Error('the reason')

export const bySignal: GivingUp = {
  how: 'signal',
  begin() {
    const abort = new AbortController()
    const check = (error: Error): void => expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', cause: reason })
    return { options: { signal: abort.signal }, now: () => abort.abort(reason), check }
  },
}

export const byTimeout: GivingUp = {
  how: 'timeoutMs',
  begin() {
    const check = (error: Error): void => {
      expect(error).toBeInstanceOf(StatementTimeoutError)
      expect(error).toMatchObject({ code: 'OFFLOOP_STATEMENT_TIMEOUT' })
    }
    return { options: { timeoutMs: 50 }, now() {}, check }
  },
}
