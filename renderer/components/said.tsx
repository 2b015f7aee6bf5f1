import type { TextKey } from '../../assets/locales/translator.ts'
import { Status } from './status.tsx'
import { Text } from './text.tsx'

/** Says that something was done, as often as it was: nothing at first. */
export function Said({ id, times }: { id: TextKey; times: number }) {
  return (
    <Status className="news">
      {/* A new element each time, or the second would not be read out. */}
      {times > 0 && (
        <span key={times}>
          <Text id={id} />
        </span>
      )}
    </Status>
  )
}
