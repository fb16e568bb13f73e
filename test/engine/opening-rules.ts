import { rmSync, writeFileSync } from 'node:fs'
import type { AsyncEngine, EngineOptions } from 'offloop'
import { openEngine, temporaryFile } from './open-engine.ts'

/** An engine, and what becomes of the connections that it opens from now on. */
export interface RuledEngine {
  readonly engine: AsyncEngine
  hold(on: boolean): void
  holdOne(on: boolean): void
  refuse(on: boolean): void
  refuseReaders(on: boolean): void
  refuseOthers(on: boolean): void
}

/** An engine whose connections keep opening, or are refused, while the test says so. */
export function openRuledEngine(options: EngineOptions = {}): RuledEngine {
  const file = temporaryFile()
  const rule = (name: string) => (on: boolean) => {
    if (on) writeFileSync(`${file}.${name}`, '')
    else rmSync(`${file}.${name}`)
  }
  const engine = openEngine({ ...options, setup: new URL('./setup-obeys-files.mjs', import.meta.url) }, { file })
  return {
    engine,
    hold: rule('hold'),
    holdOne: rule('hold-one'),
    refuse: rule('refuse'),
    refuseReaders: rule('refuse-readers'),
    refuseOthers: rule('refuse-others'),
  }
}
