import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryDirectory } from './open-driver.ts'

export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
}

/** Signed by itself, for `localhost`; null where there is no openssl to make it. */
export async function makeCertificate(): Promise<Certificate | null> {
  const directory = temporaryDirectory()
  const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile, '-out', certFile]
  try {
    await promisify(execFile)('openssl', ['req', '-x509', ...key, ...subject])
    return { certFile, keyFile }
  } catch {
    return null
  }
}
