/** Gives a whole number from 0 to below what is asked for. */
export type Below = (below: number) => number

/** The same numbers for the same seed. https://prng.di.unimi.it/splitmix64.c has the constants' longer brothers */
export function random(seed: number): Below {
  let state = seed + 1
  return (below) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return Math.floor((state / 2 ** 32) * below)
  }
}

export function pick<T>(below: Below, list: readonly T[]): T {
  return list[below(list.length)] as T
}
