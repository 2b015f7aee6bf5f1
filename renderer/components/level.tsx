import { isTextKey } from '../i18n.ts'
import { Text } from './text.tsx'

/** The name of a security level; one that has no name is shown as it is. */
export function Level({ acr }: { acr: string }) {
  const key = `acr.${acr}`
  return isTextKey(key) ? <Text id={key} /> : <code>{acr}</code>
}
