import { expect, test } from 'vitest'
import { isCancelled } from '../../src/protocol/cancel-slots.ts'
import { ringBack } from '../../src/protocol/doorbell.ts'
import { type Frames, ReplyFlag, ReplyKind, writeReply } from '../../src/protocol/frames.ts'
import { StatementChannel } from '../../src/transport/statement-channel.ts'

const handler = { partial() {}, settle() {}, fail() {} }

test('as many as may wait can be cancelled together', () => {
  const channel = new StatementChannel()
  const ids = Array.from({ length: 100_000 }, () => channel.open(handler))
  for (const id of ids) channel.dismiss(id)
  expect(ids.filter((id) => !isCancelled(channel.cancelSlots, id))).toEqual([])
  expect(isCancelled(channel.cancelSlots, channel.open(handler))).toBe(false)
  channel.lose(new Error('the end of the test'))
})

test('a request that is as old as all slots takes none from a younger one', () => {
  const channel = new StatementChannel()
  const oldest = channel.open(handler)
  const ids = Array.from({ length: channel.cancelSlots.length }, () => channel.open(handler))
  for (const id of [...ids.reverse(), oldest]) channel.dismiss(id)
  // Behind the slots are five other cells.
  const slots = channel.cancelSlots.length - 5
  expect(ids.slice(0, slots).filter((id) => !isCancelled(channel.cancelSlots, id))).toEqual([])
  expect(isCancelled(channel.cancelSlots, oldest)).toBe(false)
  channel.lose(new Error('the end of the test'))
})

test('a request whose reply could not be read is counted no more, though nobody waited for that', async () => {
  const channel = new StatementChannel()
  const failed = Promise.withResolvers<Error>()
  const unreadable = new Error('not to be read')
  const partial = (): void => {
    throw unreadable
  }
  const id = channel.open({ ...handler, partial, fail: failed.resolve })
  channel.setDormant(id, true)
  const frames: Frames = []
  writeReply(frames, { kind: ReplyKind.value, id, flags: 0, value: null })
  channel.remotePort.postMessage(frames)
  expect(await failed.promise).toBe(unreadable)
  expect(channel.pending).toBe(0)
  channel.lose(new Error('the end of the test'))
})

test('what the worker has said is known before it is heard', async () => {
  const channel = new StatementChannel()
  const heard = Promise.withResolvers<void>()
  const id = channel.open({ ...handler, settle: () => heard.resolve() })
  expect(channel.hasUnread).toBe(false)
  const frames: Frames = []
  writeReply(frames, { kind: ReplyKind.value, id, flags: ReplyFlag.last, value: null })
  channel.remotePort.postMessage(frames)
  ringBack(channel.cancelSlots)
  expect(channel.hasUnread).toBe(true)
  await heard.promise
  expect(channel.hasUnread).toBe(false)
  channel.lose(new Error('the end of the test'))
})
