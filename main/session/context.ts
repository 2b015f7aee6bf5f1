import type {
  CallbackTexts,
  Clock,
  Fetch,
  HttpOptions,
  PeerCheck,
  ProviderCache,
} from '../login/index.ts'
import type { LogoutRecord } from './logout-record.ts'
import type { Store } from './store.ts'
import type { Traces } from './traces.ts'

/** Writes a line into the log, which takes out what must not be in it. */
export type Log = (event: string, details?: Readonly<Record<string, unknown>>) => void

/** What the parts of the session are given of the world; each says which of it it needs. */
export interface Context {
  readonly clock: Clock
  readonly log: Log
  readonly store: Store
  readonly fetch: Fetch
  /** What the login's calls need; they end with the signal, and their steps are traced with the latest attempt. */
  readonly calls: (signal: AbortSignal) => HttpOptions
  /** The protocol as this run has spoken it. */
  readonly traces: Traces
  /** The metadata and keys of providers; they live as long as the app. */
  readonly providerCache: ProviderCache
  readonly logoutRecord: LogoutRecord
  /** The texts of the browser's pages, in the language of the moment. */
  readonly texts: CallbackTexts
  readonly openBrowser: (address: string) => Promise<void>
  /** Tells whose a connection to the listener is. */
  readonly peer: PeerCheck
  /** Called with each outcome of a login, so that the window can come to the front. */
  readonly onOutcome: () => void
}
