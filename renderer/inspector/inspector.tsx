import '@digdir/designsystemet-web/ds-tabs'
import './inspector.css'
import { Heading, Input, Paragraph, Tabs } from '@digdir/designsystemet-react'
import { type ReactNode, useEffect, useId, useState } from 'react'
import type { Inspection } from '../../preload/inspection.ts'
import { ChooseProfile } from '../components/choose-profile.tsx'
import { type RowKind, rowKinds, type Rows, RowsOf } from '../components/rows.tsx'
import { useInspect } from '../bridge.ts'
import { useTexts } from '../i18n.ts'
import { Text } from '../components/text.tsx'
import { Contents } from './contents.tsx'
import { Provider } from './provider.tsx'
import { Steps } from './steps.tsx'
import { Values } from './values.tsx'

/** The integrators' half of the window: each step, each token, each check, the provider and the profile. */
export default function Inspector({
  rows,
  revision,
  canChooseProfile,
  pidRevealed,
  open,
}: {
  /** Claims and checks, which are in the document whether this is open or not. */
  rows: Rows
  /** Of the snapshot: what is shown is fetched anew with each. */
  revision: number
  canChooseProfile: boolean
  pidRevealed: boolean
  open: boolean
}) {
  const { t } = useTexts()
  const inspection = useInspection(revision, open, pidRevealed)
  const [tab, setTab] = useState('steps')
  const [filter, setFilter] = useState('')
  const filterId = useId()
  const tabs: readonly Tab[] = [
    'steps',
    ...rowKinds.filter((kind) => rows[kind] !== undefined && (kind !== 'userinfo' || rows[kind])),
    'provider',
    'profile',
  ]
  const contentOf = (name: Tab): ReactNode => {
    if (name === 'steps')
      return inspection && <Steps attempts={inspection.attempts} filter={filter} />
    if (name === 'provider') {
      return inspection && <Provider provider={inspection.provider} filter={filter} />
    }
    if (name === 'profile') {
      return (
        inspection && (
          <>
            <Profile profile={inspection.profile} filter={filter} />
            {canChooseProfile && <ChooseProfile />}
          </>
        )
      )
    }
    return (
      <>
        <RowsOf
          kind={name}
          rows={rows}
          filter={filter}
          changed={new Set(name === 'checks' ? [] : inspection?.changedClaims?.[name])}
        />
        {inspection?.tokens && <Contents of={name} tokens={inspection.tokens} />}
      </>
    )
  }
  return (
    <div className="inspector">
      <div className="filter">
        <label htmlFor={filterId}>
          <Text id="inspector.filter" />
        </label>
        <Input
          id={filterId}
          type="search"
          data-size="sm"
          data-filter=""
          value={filter}
          onChange={({ target }) => setFilter(target.value)}
        />
      </div>
      <Tabs value={tab} onChange={setTab} data-size="sm">
        <Tabs.List aria-label={t('action.show-details')}>
          {tabs.map((name) => (
            <Tabs.Tab key={name} value={name} data-tab={name}>
              <Text id={`inspector.tab.${name}`} />
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {tabs.map((name) => (
          <Tabs.Panel key={name} value={name} data-panel={name} hidden={name !== tab}>
            {contentOf(name)}
          </Tabs.Panel>
        ))}
      </Tabs>
    </div>
  )
}

type Tab = 'steps' | RowKind | 'provider' | 'profile'

/** What main has to show, fetched while the inspector is open. What was fetched while numbers were shown goes with them. */
function useInspection(revision: number, open: boolean, pidRevealed: boolean): Inspection | null {
  const inspect = useInspect()
  const [fetched, setFetched] = useState<{ inspection: Inspection; pidRevealed: boolean } | null>(
    null,
  )
  if (fetched !== null && (!open || fetched.pidRevealed !== pidRevealed)) setFetched(null)
  useEffect(() => {
    if (!open) return undefined
    let isWanted = true
    const fetchIt = async () => {
      const inspection = await inspect()
      if (isWanted && inspection !== null) setFetched({ inspection, pidRevealed })
    }
    void fetchIt()
    return () => {
      isWanted = false
    }
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- a new revision may have something new to show
  }, [inspect, revision, open, pidRevealed])
  return fetched?.inspection ?? null
}

function Profile({ profile, filter }: { profile: Inspection['profile']; filter: string }) {
  return (
    <section className="part">
      <Heading level={2} data-size="2xs">
        <Text id="inspector.tab.profile" />
      </Heading>
      <Paragraph data-size="sm">
        <Text id="inspector.profile.text" />
      </Paragraph>
      <Values
        values={profile.map(({ key, value }) => ({ name: key, value, hidden: false }))}
        filter={filter}
      />
    </section>
  )
}
