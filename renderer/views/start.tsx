import { Paragraph } from '@digdir/designsystemet-react'
import { EnterIcon } from '@navikt/aksel-icons'
import { Action } from '../components/action.tsx'
import { Text } from '../components/text.tsx'
import { Title } from '../components/title.tsx'

/** Nobody is logged in, and nothing has happened yet: what the app is, and the way in. */
export function Start() {
  return (
    <>
      <Title id="signed-out.title" />
      <Introduction />
      <div className="actions">
        <Action
          name="sign-in"
          label="action.sign-in"
          icon={<EnterIcon aria-hidden fontSize="1.5rem" />}
          intent={(main) => main.signIn()}
        />
      </div>
    </>
  )
}

/** What the app is for, and what it never sees. */
export function Introduction() {
  return (
    <>
      <Paragraph data-size="lg">
        <Text id="signed-out.text" />
      </Paragraph>
      <Paragraph>
        <Text id="signed-out.privacy" />
      </Paragraph>
    </>
  )
}
