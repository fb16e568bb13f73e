/**
 * A package of this folder's own manifest, which may not be installed: the program and its types must do without it, so what is used of it is
 * described where it is used.
 */
export async function loadPackage(specifier: string): Promise<unknown> {
  return await import(specifier)
}
