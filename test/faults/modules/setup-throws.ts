export default function setup(): never {
  throw new RangeError('thrown by setup')
}
