export default function setup(): Promise<never> {
  return new Promise(() => {})
}
