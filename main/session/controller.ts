import type { Copied, ErrorCode, Language, Snapshot } from '../../preload/contract.ts'
import type { Inspection } from '../../preload/inspection.ts'
import {
  type CallbackTexts,
  type Clock,
  createPeerCheck,
  createProviderCache,
  type Fetch,
  type LoginError,
  type PeerCheck,
} from '../login/index.ts'
import { createApiCalls } from './api-call.ts'
import { createBackOff } from './back-off.ts'
import { createBrowserLogin } from './browser-login.ts'
import type { Context, Log } from './context.ts'
import { createExports } from './export.ts'
import { cleanFailure } from './failures.ts'
import { createClaimChanges, toInspection } from './inspection.ts'
import { createLive } from './live.ts'
import { createProviderLogouts } from './logout.ts'
import type { LogoutRecord } from './logout-record.ts'
import type { Profile } from './profile.ts'
import { createRemember } from './remember.ts'
import { createRenewal } from './renew.ts'
import { createRestore } from './restore.ts'
import { createSignIn } from './sign-in.ts'
import { inProgress, isBusy } from './state.ts'
import { createTraces } from './traces.ts'
import { createStore, type Store } from './store.ts'
import { createUserinfo } from './userinfo.ts'
import type { Vault } from './vault/vault.ts'

/** What the controller needs of the world; everything of Electron comes in through here. */
export interface ControllerOptions {
  /** The profile, or why there is none. */
  readonly profile: Profile | LoginError<ErrorCode>
  readonly language: Language
  readonly clock: Clock
  readonly fetch: Fetch
  /** Where a session is stored when the profile says so. */
  readonly vault: Vault
  /** What is still to be done about sessions that have ended. */
  readonly logoutRecord: LogoutRecord
  readonly texts: (language: Language) => CallbackTexts
  readonly openBrowser: (address: string) => Promise<void>
  readonly copy: (text: string) => Promise<void>
  /** Writes a text into a file that the person chooses. */
  readonly save: (name: string, text: string) => Promise<void>
  /** Lets the person choose another profile, with which the app starts again; absent where they may not. */
  readonly chooseProfile?: (language: Language) => Promise<void>
  /** Ends the app, installs the newer version that is ready, and starts it again. */
  readonly restartToUpdate: () => void
  /** The app and its version, for a report. */
  readonly app: string
  /** Tells whose a connection to the listener is; by default the system is asked. */
  readonly peer?: PeerCheck
  /** Called with each outcome of a login, so that the window can come to the front. */
  readonly onOutcome: () => void
  readonly onSnapshot: (snapshot: Snapshot) => void
  readonly onLanguage: (language: Language) => void
  readonly log: Log
}

/** What the app can ask. */
export interface Controller {
  readonly snapshot: () => Snapshot
  /** What the inspector shows. */
  readonly inspect: () => Inspection
  /** Copies a token as it is shown. */
  readonly copyContents: (of: Copied) => Promise<void>
  /** Copies the request of a step as a command for curl. */
  readonly copyRequest: (attempt: number, step: number) => Promise<void>
  readonly exportAttempt: (
    attempt: number,
    format: 'markdown' | 'json',
    to: 'clipboard' | 'file',
  ) => Promise<void>
  readonly signIn: () => Promise<void>
  readonly cancel: () => Promise<void>
  readonly reopenBrowser: () => Promise<void>
  readonly copyLink: () => Promise<void>
  readonly prolong: () => void
  readonly signOut: () => void
  /** Forgets this person and asks the provider for a fresh login. */
  readonly switchUser: () => void
  readonly renew: () => Promise<void>
  /** Calls an API of the profile by its place in the list. */
  readonly callApi: (index: number) => Promise<void>
  /** Lets the person choose another profile, where they may. */
  readonly chooseProfile: () => Promise<void>
  /** A newer version of the app is ready to be installed. */
  readonly updateReady: (version: string) => void
  /** Does nothing while anything is in progress. */
  readonly restartToUpdate: () => void
  readonly revealPid: (revealed: boolean) => void
  readonly setLanguage: (language: Language) => void
  /** The window got input from a keyboard, a mouse or a finger. */
  readonly input: () => void
  /** The computer goes to sleep, or the screen is locked: nobody is there. */
  readonly suspended: () => void
  /** The computer has woken: what stood still meanwhile is made up for, and the window is told. */
  readonly resumed: () => void
  /** Ends everything; resolves when no attempt and no session is left. What is stored stays. */
  readonly close: () => Promise<void>
}

/** Runs the effects of the session: joins its parts, and hands each user action to the one that it is for. */
export function createController(options: ControllerOptions): Controller {
  const profile = 'issuer' in options.profile ? options.profile : null
  const { store, remember, backOff, browserLogin, live, providerLogouts, ...parts } = joinParts(
    options,
    profile,
  )

  /** Ends what is over: a sleep is counted, but by no timer. */
  const checkDeadlines = (): void => {
    live.checkDeadline()
    browserLogin.checkDeadline()
    backOff.checkDeadline()
  }
  const cancel = async (): Promise<void> => {
    parts.renewal.stop()
    await browserLogin.cancel()
  }

  const inspect = (): Inspection => {
    const { session, pidRevealed } = store.state()
    return toInspection({
      traces: parts.traces,
      login: live.session()?.login ?? null,
      userinfo: session?.userinfo ?? null,
      changes: parts.changes,
      profile,
      pidRevealed,
    })
  }

  if (profile === null) {
    const { failure } = cleanFailure(options.profile)
    options.log('profile', { error: options.profile })
    queueMicrotask(() => {
      store.dispatch({ type: 'restored', error: failure, providerLogout: null })
    })
  } else {
    void parts.restore.start(profile)
  }

  return {
    snapshot: () => {
      // Whoever asks after a long absence gets what is true by now.
      checkDeadlines()
      return store.snapshot()
    },
    inspect,
    ...createExports(inspect, profile, options),
    ...createUpdateActions(store, options),
    signIn: async () => {
      if (inProgress(store.state().status)) await browserLogin.reopen()
      else if (profile !== null) void parts.signIn(profile, profile.prompt)
    },
    cancel,
    reopenBrowser: browserLogin.reopen,
    copyLink: async () => {
      const link = await browserLogin.link()
      if (link !== null) await options.copy(link)
    },
    prolong: browserLogin.prolong,
    signOut: () => {
      const session = live.session()
      if (session !== null) {
        live.end(null, providerLogouts.begin(session.login, session.profile, true))
      }
      if (profile !== null && store.state().status === 'restoring') parts.restore.signOut(profile)
    },
    switchUser: () => {
      const session = live.session()
      if (session === null) return
      // A fresh login at the provider takes the place of its logout.
      // Stryker disable next-line BooleanLiteral: the login below overtakes a logout before it begins
      providerLogouts.begin(session.login, session.profile, false)
      live.end(null)
      // Stryker disable next-line StringLiteral: the record says by now that only a fresh login will do
      void parts.signIn(session.profile, 'login')
    },
    renew: async () => {
      if (live.userAction()) await parts.renewal.renew()
    },
    callApi: async (index) => {
      if (live.userAction()) await parts.callApiAt(index)
    },
    chooseProfile: async () => await options.chooseProfile?.(store.state().language),
    revealPid: (revealed) => {
      if (live.userAction()) store.dispatch({ type: 'pid-revealed', revealed })
    },
    setLanguage: (language) => {
      if (store.dispatch({ type: 'language-chosen', language })) options.onLanguage(language)
    },
    input: live.input,
    suspended: live.checkDeadline,
    resumed: () => {
      checkDeadlines()
      store.dispatch({ type: 'resumed' })
    },
    close: async () => {
      backOff.stop()
      const logoutsEnded = providerLogouts.close()
      const session = live.session()
      if (session !== null) remember.lastActivity(session)
      await cancel()
      parts.restore.stop()
      live.close()
      await Promise.all([logoutsEnded, remember.settled()])
    },
  }
}

function createUpdateActions(
  store: Store,
  { restartToUpdate }: Pick<ControllerOptions, 'restartToUpdate'>,
): Pick<Controller, 'updateReady' | 'restartToUpdate'> {
  return {
    updateReady: (version) => {
      store.dispatch({ type: 'update-ready', version })
    },
    restartToUpdate: () => {
      if (store.state().update !== null && !isBusy(store.state())) restartToUpdate()
    },
  }
}

/** Makes the parts of the session: each knows only those that were made before it. */
function joinParts(options: ControllerOptions, profile: Profile | null) {
  const { clock, log, fetch, logoutRecord, openBrowser, onOutcome } = options
  const store = createStore({
    ...options,
    profile,
    canChooseProfile: options.chooseProfile !== undefined,
  })
  const traces = createTraces(clock)
  const changes = {
    id: createClaimChanges(),
    access: createClaimChanges(),
    userinfo: createClaimChanges(),
  }
  const context: Context = {
    clock,
    log,
    store,
    fetch,
    calls: (signal) => {
      return { fetch, clock, signal, onTrace: traces.listener(store.state().attempt) }
    },
    traces,
    providerCache: createProviderCache(clock),
    logoutRecord,
    texts: textsOf(options.texts, store),
    openBrowser,
    peer:
      options.peer ??
      createPeerCheck({ onUnknown: (reason) => log('connections not checked', { reason }) }),
    onOutcome,
  }
  const remember = createRemember(context, options.vault)
  const askUserinfo = createUserinfo(context, changes.userinfo)
  const backOff = createBackOff(context)
  const browserLogin = createBrowserLogin(context)
  const live = createLive(context, { askUserinfo, browserLogin, changes, remember })
  const providerLogouts = createProviderLogouts(context)
  const renewal = createRenewal(context, { askUserinfo, backOff, browserLogin, live, remember })
  const signIn = createSignIn(context, { backOff, browserLogin, live, providerLogouts })
  const restore = createRestore(context, { live, providerLogouts, remember })
  const callApiAt = createApiCalls(context, { live, renewal })
  return {
    store,
    traces,
    changes,
    remember,
    backOff,
    browserLogin,
    live,
    providerLogouts,
    renewal,
    signIn,
    restore,
    callApiAt,
  }
}

/** The texts are asked for anew with every page: the person may change the language in the middle. */
function textsOf(texts: (language: Language) => CallbackTexts, store: Store): CallbackTexts {
  const current = (): CallbackTexts => texts(store.state().language)
  return {
    get lang() {
      return current().lang
    },
    get appName() {
      return current().appName
    },
    get note() {
      return current().note ?? ''
    },
    text: (...about) => current().text(...about),
  }
}
