import { Card, Paragraph } from '@digdir/designsystemet-react'
import { EnterIcon } from '@navikt/aksel-icons'
import type { Snapshot } from '../../preload/contract.ts'
import { Action } from '../components/action.tsx'
import { FailureReport } from '../components/failure.tsx'
import { Fact, Facts } from '../components/facts.tsx'
import { Level } from '../components/level.tsx'
import { Text } from '../components/text.tsx'
import { Title } from '../components/title.tsx'

/** Nobody is logged in: what the app is, or what went wrong, and the way in. */
export function SignedOut({ snapshot: { error, profile } }: { snapshot: Snapshot }) {
  const signIn = (
    <div className="actions">
      <Action
        name="sign-in"
        label={error?.retryable && error.category !== 'session' ? 'action.retry' : 'action.sign-in'}
        icon={<EnterIcon aria-hidden fontSize="1.5rem" />}
        disabled={profile === null}
        intent={(main) => main.signIn()}
      />
    </div>
  )
  if (error) {
    return (
      <>
        <Title id="failed.title" />
        <FailureReport failure={error}>{signIn}</FailureReport>
      </>
    )
  }
  return (
    <>
      <Title id="signed-out.title" />
      <Paragraph data-size="lg">
        <Text id="signed-out.text" />
      </Paragraph>
      <Paragraph>
        <Text id="signed-out.privacy" />
      </Paragraph>
      {signIn}
      {profile && <ProfileFacts profile={profile} />}
    </>
  )
}

function ProfileFacts({ profile }: { profile: NonNullable<Snapshot['profile']> }) {
  return (
    <Card className="quiet" data-color="neutral">
      <Facts>
        <Fact label="facts.issuer">{profile.issuer}</Fact>
        {profile.acrValues.length > 0 && (
          <Fact label="facts.level-required">
            <ul className="inline">
              {profile.acrValues.map((acr) => (
                <li key={acr}>
                  <Level acr={acr} />
                </li>
              ))}
            </ul>
          </Fact>
        )}
      </Facts>
    </Card>
  )
}
