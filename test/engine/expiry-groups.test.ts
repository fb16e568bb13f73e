import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Forget, whenAborted, whenTimedOut } from '../../src/engine/expiry-groups.ts'

const told: string[] = []
const tell = (name: string) => (): void => void told.push(name)

beforeEach(() => {
  told.length = 0
})

describe('whoever waits for a signal', () => {
  test('is told when it aborts, those that came last first', () => {
    const { signal, abort } = controller()
    for (const name of ['a', 'b', 'c']) whenAborted(signal, tell(name))
    whenAborted(controller().signal, tell('another'))
    abort()
    abort()
    expect(told).toEqual(['c', 'b', 'a'])
  })

  test('is not told what was forgotten, also by another that is told', () => {
    const { signal, abort } = controller()
    let forgetFirst: Forget = () => {}
    forgetFirst = whenAborted(signal, tell('a'))
    const forgetSecond = whenAborted(signal, tell('b'))
    whenAborted(signal, forgetFirst)
    forgetSecond()
    abort()
    expect(told).toEqual([])
  })

  test('leaves no listener behind, and forgets nobody else’s', () => {
    const { signal, abort } = controller()
    const forget = whenAborted(signal, tell('a'))
    whenAborted(signal, tell('b'))()
    forget()
    expect(getEventListeners(signal, 'abort')).toEqual([])
    whenAborted(signal, tell('c'))
    forget()
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    abort()
    expect(told).toEqual(['c'])
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})

describe('whoever waits for a time', () => {
  beforeEach(() => vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  test('is told when it is over, those of the same moment together and the last first', () => {
    whenTimedOut(50, tell('a'))
    whenTimedOut(50, tell('b'))
    vi.advanceTimersByTime(10)
    whenTimedOut(50, tell('later'))
    whenTimedOut(40, tell('of another length'))
    vi.advanceTimersByTime(39)
    expect(told).toEqual([])
    vi.advanceTimersByTime(1)
    expect(told).toEqual(['b', 'a', 'of another length'])
    vi.advanceTimersByTime(10)
    expect(told.at(-1)).toBe('later')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('is not told what was forgotten, and forgets nobody else', () => {
    const forget = whenTimedOut(50, tell('a'))
    forget()
    whenTimedOut(50, tell('b'))
    forget()
    whenTimedOut(50, tell('c'))
    vi.advanceTimersByTime(50)
    expect(told).toEqual(['c', 'b'])
  })

  test('is told by its own timer, whatever the clock says', () => {
    whenTimedOut(50, tell('a'))
    const clock = vi.spyOn(performance, 'now').mockReturnValue(-1_000_000)
    whenTimedOut(50, tell('b'))
    clock.mockRestore()
    vi.advanceTimersByTime(60)
    expect(told.sort()).toEqual(['a', 'b'])
    expect(vi.getTimerCount()).toBe(0)
  })
})

function controller(): { readonly signal: AbortSignal; abort(): void } {
  const abort = new AbortController()
  return { signal: abort.signal, abort: () => abort.abort() }
}
