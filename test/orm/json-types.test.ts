import { createEngine } from 'offloop'
import { integer, json, ModelRegistry, text } from 'offloop/orm'
import { expectTypeOf, test } from 'vitest'

const models = new ModelRegistry(createEngine('sqlite://'))

/** Unlike a type, an interface is not known to have no other properties. */
interface Settings {
  readonly theme: string
}

class Device extends models.define('devices', {
  id: integer({ primaryKey: true }),
  settings: json({ allowNull: true }),
  known: json({ default: { theme: 'dark' } }).$type<Settings>(),
  role: text({ allowNull: true }).$type<'host' | 'guest'>(),
}) {}

/** Never called: it is there for the compiler. */
async function documentsOfInterfaces(settings: Settings): Promise<void> {
  const device = await Device.objects.create({ settings })
  await device.update({ settings })
  await Device.objects.filter({ settings, settings__in: [settings] }).update({ settings: [settings, 'none'] })
  new Device({ settings })
  // @ts-expect-error a moment would come back as a text
  await device.update({ settings: new Date() })
}

/** Never called: it is there for the compiler. */
async function narrowedFields(known: Settings): Promise<void> {
  const device = await Device.objects.create({ known, role: 'host' })
  expectTypeOf(device.known).toEqualTypeOf<Settings>()
  expectTypeOf(device.role).toEqualTypeOf<'host' | 'guest' | null>()
  expectTypeOf(await Device.objects.values('known', 'role')).toEqualTypeOf<{ known: Settings; role: 'host' | 'guest' | null }[]>()
  device.known = known
  await device.update({ known, role: null })
  Device.objects.filter({ known, role: 'guest', role__in: ['host'] })
  Device.c.known.eq(known)
  // @ts-expect-error not the settings
  await device.update({ known: { colour: 'red' } })
  // @ts-expect-error not one of the texts
  Device.objects.filter({ role: 'nobody' })
  // @ts-expect-error a text is no number
  text().$type<number>()
}

test('documents have the types of their fields', () => {
  expectTypeOf(documentsOfInterfaces).returns.resolves.toBeVoid()
  expectTypeOf(narrowedFields).returns.resolves.toBeVoid()
})
