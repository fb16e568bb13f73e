// @ts-check
/** A plugin of TypeDoc: `@throws {TypeError} why` says in the pages too which class it is; TypeDoc keeps it, and the pages leave it out. */
import { Converter } from 'typedoc'

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const { comment } of Object.values(project.reflections)) {
      for (const tag of comment?.blockTags ?? []) {
        if (tag.tag !== '@throws' || tag.typeAnnotation === undefined) continue
        const name = tag.typeAnnotation.replace(/^\{|\}$/g, '')
        tag.content.unshift({ kind: 'code', text: `\`${name}\`` }, { kind: 'text', text: ': ' })
      }
    }
  })
}
