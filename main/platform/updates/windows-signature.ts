import type { runPowerShell } from '../power-shell.ts'

/** What Windows says of a program's file. */
export interface FileSignature {
  /** `Valid` for a signature that Windows trusts; anything else for one that it does not, or for none. */
  readonly status: string
  /** The distinguished name of whoever has signed it; empty without a signature. */
  readonly subject: string
  /** The common name of whoever has signed it. */
  readonly name: string
  /** The version in the file itself, which the signature covers. */
  readonly version: string
}

/** Milliseconds that PowerShell may take: it reads the whole of a large file. */
const signatureLimit = 20_000

/** Without double quotes, which each of the programs on the way to PowerShell reads in its own way. */
const script = [
  '[Console]::OutputEncoding = [Text.Encoding]::UTF8',
  '$file = Get-Item -ErrorAction Stop -LiteralPath $env:PROGRAM_FILE',
  '$signature = Get-AuthenticodeSignature -ErrorAction Stop -LiteralPath $env:PROGRAM_FILE',
  '$certificate = $signature.SignerCertificate',
  `$name = $(if ($certificate) { $certificate.GetNameInfo('SimpleName', $false) })`,
  '@{ status = [string]$signature.Status; subject = [string]$certificate.Subject; name = [string]$name; version = ([string]$file.VersionInfo.ProductVersion).Trim() } | ConvertTo-Json -Compress',
].join('; ')

/** Asks Windows who has signed a program's file. Rejects when PowerShell is not there or says nothing of use. */
export async function readSignature(
  file: string,
  run: typeof runPowerShell,
): Promise<FileSignature> {
  // The name of the file is a variable and no part of the script, so it cannot be a command.
  const said: unknown = JSON.parse(await run(script, signatureLimit, { PROGRAM_FILE: file }))
  const text = (key: keyof FileSignature): string => {
    const value: unknown = Reflect.get(Object(said), key)
    if (typeof value !== 'string') throw new TypeError(`PowerShell tells no ${key}`)
    return value
  }
  return {
    status: text('status'),
    subject: text('subject'),
    name: text('name'),
    version: text('version'),
  }
}

/**
 * Says why a file is not the version of that publisher that it should be; null when it is.
 *
 * @param publishers common names or whole distinguished names, as `app-update.yml` has them
 */
export function whatIsWrong(
  { status, subject, name, version }: FileSignature,
  wanted: { readonly publishers: readonly string[]; readonly version: string },
): string | null {
  if (status !== 'Valid') return `its signature is ${status}`
  if (!wanted.publishers.some((publisher) => publisher === name || publisher === subject)) {
    return `it is signed by ${name}`
  }
  // A feed that lies about the version would bring an older one back, with its genuine signature.
  return version === wanted.version ? null : `it is version ${version} and not ${wanted.version}`
}
