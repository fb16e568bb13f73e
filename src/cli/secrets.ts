/** Whatever stands between a user's name and the last @: a password that was not encoded may hold any character but blanks, and so may a user's name. */
const credentials = /([a-z][a-z0-9+.-]*:\/\/)([^\s:@/]*)(?::|@\S*:)\S*@/gi

/** A message without the passwords of the URLs in it. */
export function withoutPasswords(message: string): string {
  return message.replace(credentials, (_found, scheme: string, user: string) => `${scheme}${user}:***@`)
}
