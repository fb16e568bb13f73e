/** `npm run soak:whole` runs every test as far as it can go, and each of them on an engine of its own. */
export const whole: boolean = process.env['OFFLOOP_TEST_WHOLE'] !== undefined

/** What `npm test` tries of what there is to try: as much as shows the same. */
export function extent<T>(part: T, all: T): T {
  return whole ? all : part
}
