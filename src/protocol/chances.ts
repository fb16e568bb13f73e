/** After so many in vain only every 256th chance is taken. */
const maxDoublings = 8

/** Chances of which most are worth nothing at times: whenever one was in vain, twice as many are sat out. */
export class Chances {
  #inVain = 0
  #sitOut = 0

  /** Whether this one is to be taken. */
  take(): boolean {
    if (this.#sitOut === 0) return true
    this.#sitOut--
    return false
  }

  /** What became of one that was taken. */
  note(inVain: boolean): void {
    this.#inVain = inVain ? Math.min(this.#inVain + 1, maxDoublings) : 0
    this.#sitOut = 2 ** this.#inVain - 1
  }
}
