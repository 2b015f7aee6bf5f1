import { isTextKey } from '../../assets/locales/index.ts'
import { Text } from './text.tsx'

/** The name of a security level; one that has no name is shown as it is. */
export function Level({ acr, precise = false }: { acr: string; precise?: boolean }) {
  const key = `acr.${acr}`
  if (!isTextKey(key)) return <code>{acr}</code>
  return (
    <>
      <Text id={key} />
      {precise && <code className="aside">{acr}</code>}
    </>
  )
}
