import { clearLine, cursorTo } from 'node:readline'
import { duration, say } from './messages.ts'
import { type Screen, screenOf } from './terminal.ts'
import { stderr } from './text-output.ts'

const drawEveryMs = 80
const tellEveryMs = 5_000
const barWidth = 24

export interface ProgressOptions {
  /** What is done, as in `backup`. */
  readonly label: string
  /** Says nothing at all. */
  readonly quiet: boolean
}

/** Shows how far a long piece of work comes, and takes that away at its end; gives what has come of it, and how long it took. */
export async function withProgress<T>(
  options: ProgressOptions,
  work: (progress: Progress) => Promise<T>,
): Promise<{ readonly value: T; readonly ms: number }> {
  const progress = new Progress(options)
  const begun = performance.now()
  try {
    const value = await work(progress)
    return { value, ms: performance.now() - begun }
  } finally {
    progress.end()
  }
}

/** How far a long piece of work has come: a bar that is drawn over itself on a terminal, a line now and then in a pipe; on stderr in both. */
class Progress {
  readonly #options: ProgressOptions
  readonly #screen: Screen = screenOf(stderr.stream)
  readonly #begun = performance.now()
  #shownAt = this.#begun
  #drawn = false

  constructor(options: ProgressOptions) {
    this.#options = options
  }

  /**
   * @param share how much of it is done, from 0 to 1; null where nobody knows
   * @param figures what has been done, in numbers
   */
  update(share: number | null, figures: string): void {
    const now = performance.now()
    if (this.#options.quiet || now - this.#shownAt < (this.#screen.isTerminal ? drawEveryMs : tellEveryMs)) return
    this.#shownAt = now
    const text = share === null ? figures : `${Math.floor(share * 100)} %, ${figures}${this.#left(share)}`
    if (this.#screen.isTerminal) this.#draw(share, text)
    else say(`${this.#options.label}: ${text}`)
  }

  /** Takes the bar away: what comes of the work is another's to say. */
  end(): void {
    if (!this.#drawn) return
    this.#drawn = false
    clearLine(stderr.stream, 0)
    cursorTo(stderr.stream, 0)
  }

  #draw(share: number | null, text: string): void {
    const line = `${this.#options.label} ${share === null ? '' : `${this.#bar(share)} `}${text}`
    this.end()
    this.#drawn = true
    stderr.say(line.slice(0, (this.#screen.width ?? 80) - 1))
  }

  #bar(share: number): string {
    const [full, empty] = this.#screen.unicode ? ['█', '░'] : ['#', '-']
    const filled = Math.round(Math.min(share, 1) * barWidth)
    return full.repeat(filled) + empty.repeat(barWidth - filled)
  }

  #left(share: number): string {
    const elapsed = performance.now() - this.#begun
    const leftMs = (elapsed / share) * (1 - share)
    // Nobody knows it to the hundredth of a second.
    return share === 0 || share >= 1 ? '' : `, ${leftMs < 60_000 ? `${Math.ceil(leftMs / 1_000)} s` : duration(leftMs)} left`
  }
}
