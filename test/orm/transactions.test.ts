import type { Executor } from 'offloop'
import { integer, ModelRegistry, string } from 'offloop/orm'
import { expect, test } from 'vitest'
import { describeDatabases, rejectionOf } from '../conformance/targets.ts'
import { withMusic } from './music.ts'

describeDatabases((fixture) => {
  async function notes() {
    const engine = fixture.engine()
    const models = new ModelRegistry(engine)
    class Note extends models.define('noted', { id: integer({ primaryKey: true }), text: string({ maxLength: 9, unique: true }) }) {}
    await models.createAll()
    const texts = async () => (await Note.objects.orderBy('id').values('text')).map(({ text }) => text)
    return { engine, models, Note, texts }
  }

  test('an iteration that is broken off inside a transaction leaves it as it was', async () => {
    const { engine, Note, texts } = await notes()
    await Note.objects.bulkCreate(Array.from({ length: 500 }, (_, index) => ({ text: `n${index}` })))
    await engine.transaction(async (tx) => {
      for await (const note of Note.objects.using(tx).orderBy('id')) {
        expect(note.text).toBe('n0')
        break
      }
      await Note.objects.using(tx).filter({ pk__gt: 1 }).delete()
      await tx.transaction(async (inner) => {
        for await (const _note of Note.objects.using(inner).iterate()) break
        await Note.objects.using(inner).create({ text: 'inner' })
      })
    })
    expect(await texts()).toEqual(['n0', 'inner'])
    await Note.objects.bulkCreate(Array.from({ length: 500 }, (_, index) => ({ text: `m${index}` })))
    const tx = await engine.begin()
    for await (const _note of Note.objects.using(tx).iterate()) break
    expect(await Note.objects.using(tx).delete()).toBe(502)
    await tx.rollback()
    expect(await Note.objects.count()).toBe(502)
  })

  test('an iteration whose body throws frees what it was read through', async () => {
    const { Note } = await notes()
    await Note.objects.bulkCreate([{ text: 'a' }, { text: 'b' }])
    const walk = async () => {
      for await (const note of Note.objects.iterate()) throw new Error(note.text)
    }
    expect((await rejectionOf(walk)).message).toMatch(/^[ab]$/)
    expect(await Note.objects.count()).toBe(2)
  })

  test('rows can be changed while they are walked over', async () => {
    const { engine, Note, texts } = await notes()
    await Note.objects.bulkCreate(['a', 'b', 'c'].map((text) => ({ text })))
    await engine.transaction(async (tx) => {
      for await (const note of Note.objects.using(tx).orderBy('id')) await note.update({ text: `${note.text}2` })
    })
    expect(await texts()).toEqual(['a2', 'b2', 'c2'])
  })

  test('a transaction inside another one is undone alone, and with the outer one', async () => {
    const { models, Note, texts } = await notes()
    await models.transaction(async () => {
      await Note.objects.create({ text: 'outer' })
      await expect(
        models.transaction(async () => {
          await Note.objects.create({ text: 'inner' })
          throw new Error('undo')
        }),
      ).rejects.toThrow('undo')
      await models.transaction(async () => await Note.objects.create({ text: 'second' }))
      expect(await Note.objects.count()).toBe(2)
    })
    expect(await texts()).toEqual(['outer', 'second'])
    await expect(
      models.transaction(async () => {
        await models.transaction(async () => await Note.objects.create({ text: 'third' }))
        throw new Error('undo all')
      }),
    ).rejects.toThrow('undo all')
    expect(await texts()).toEqual(['outer', 'second'])
  })

  test('a statement that fails in an inner transaction leaves the outer one usable', async () => {
    const { models, Note, texts } = await notes()
    await Note.objects.create({ text: 'a' })
    await models.transaction(async () => {
      await Note.objects.create({ text: 'b' })
      const error = await rejectionOf(models.transaction(async () => await Note.objects.create({ text: 'a' })))
      expect(error).toMatchObject({ code: 'OFFLOOP_INTEGRITY' })
      await Note.objects.create({ text: 'c' })
    })
    expect(await texts()).toEqual(['a', 'b', 'c'])
  })

  test('tasks beside a transaction are not in it, and those it starts are', async () => {
    const { models, Note, texts } = await notes()
    const error = await rejectionOf(
      models.transaction(async () => {
        await Promise.all(['a', 'b', 'c'].map(async (text) => await Note.objects.create({ text })))
        expect(await Note.objects.count()).toBe(3)
        throw new Error('undo')
      }),
    )
    expect(error.message).toBe('undo')
    const work = (text: string, fails: boolean) =>
      models.transaction(async () => {
        await Note.objects.create({ text })
        expect(await Note.objects.filter({ text }).count()).toBe(1)
        if (fails) throw new Error(text)
      })
    const outcomes = await Promise.allSettled([work('a', false), work('b', true), work('c', false), Note.objects.create({ text: 'd' })])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
    expect((await texts()).sort()).toEqual(['a', 'c', 'd'])
  })

  test('a transaction of a manager gives what its function gives, and its instances live on', async () => {
    const { Note, texts } = await notes()
    const note = await Note.objects.transaction(async (bound) => {
      const made = await bound.create({ text: 'a' })
      await made.update({ text: 'b' })
      return made
    })
    await note.update({ text: 'c' })
    await (await Note.objects.get()).delete()
    expect(await texts()).toEqual([])
    const [again] = await Note.objects.transaction(async (bound) => await bound.getOrCreate({ text: 'd' }))
    await again.update({ text: 'e' })
    expect(await texts()).toEqual(['e'])
  })

  test('what was read or made in a savepoint goes on through the transaction around it, and through the engine when that has ended', async () => {
    const { engine, models, Note, texts } = await notes()
    await Note.objects.create({ text: 'a' })
    const insideOf = async (tx: Executor) => {
      const read = await tx.transaction(async (inner) => await Note.objects.using(inner).get())
      const made = await tx.transaction(async (inner) => inner.transaction((last) => Note.objects.using(last).create({ text: 'b' })))
      await read.update({ text: 'c' })
      await made.update({ text: 'd' })
      expect(await Note.objects.using(tx).orderBy('id').values('text')).toEqual([{ text: 'c' }, { text: 'd' }])
      return read
    }
    const undone = async (tx: Executor) => {
      await insideOf(tx)
      throw new Error('undo')
    }
    await expect(engine.transaction(undone)).rejects.toThrow('undo')
    await expect(models.transaction(undone)).rejects.toThrow('undo')
    await expect(Note.objects.transaction(async (_bound, tx) => await undone(tx))).rejects.toThrow('undo')
    expect(await texts()).toEqual(['a'])
    const read = await engine.transaction(insideOf)
    await read.update({ text: 'e' })
    expect(await texts()).toEqual(['e', 'd'])
  })

  test('a manager of a savepoint that has ended goes on through the transaction around it', async () => {
    const { Note, texts } = await notes()
    await expect(
      Note.objects.transaction(async (bound) => {
        const inner = await bound.transaction(async (savepoint) => savepoint)
        await inner.create({ text: 'a' })
        await inner.filter({ text: 'a' }).update({ text: 'b' })
        expect(await bound.count()).toBe(1)
        throw new Error('undo')
      }),
    ).rejects.toThrow('undo')
    expect(await texts()).toEqual([])
  })

  test('relations of an instance go through its transaction', async () => {
    const { Album, Track, Tag } = await withMusic(fixture.engine())
    await expect(
      Album.objects.transaction(async (albums, tx) => {
        const album = await albums.get({ name: 'Malibu' })
        const track = await album.tracks.create({ title: 'New' })
        await track.update({ position: 50 })
        const tag = await Tag.objects.using(tx).create({ name: 'x' })
        await track.tags.add(tag)
        expect(await track.tags.count()).toBe(1)
        await (await Track.objects.using(tx).selectRelated('album').get({ title: 'New' })).album?.update({ name: 'Renamed' })
        expect(await album.tracks.count()).toBe(4)
        throw new Error('undo')
      }),
    ).rejects.toThrow('undo')
    expect(await Track.objects.count()).toBe(6)
    expect([await Tag.objects.count(), await Album.objects.exists({ name: 'Renamed' })]).toEqual([0, false])
  })
})
