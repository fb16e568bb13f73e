export default function setup(): void {
  process.exit(3)
}
