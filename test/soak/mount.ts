import { execFileSync } from 'node:child_process'

/** Mounts, or mounts anew; false where that is not allowed. */
export function mount(args: readonly string[]): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    execFileSync('mount', args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
