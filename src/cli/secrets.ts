/** Whatever stands before the last @ behind a scheme: a password that was not encoded may hold any character but blanks. */
const credentials = /([a-z][a-z0-9+.-]*:\/\/)([^\s:@/]*)(?::\S*)?@/gi

/** A message without the passwords of the URLs in it. */
export function withoutPasswords(message: string): string {
  return message.replace(credentials, (_found, scheme: string, user: string) => `${scheme}${user}:***@`)
}
