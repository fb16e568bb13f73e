export const nothing = 1
throw new Error('thrown while it was imported')
