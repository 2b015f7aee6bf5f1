import { Action } from './action.tsx'

/** Lets main ask for a file with another profile. */
export function ChooseProfile() {
  return (
    <Action
      name="choose-profile"
      label="action.choose-profile"
      variant="secondary"
      intent={(main) => main.chooseProfile()}
    />
  )
}
