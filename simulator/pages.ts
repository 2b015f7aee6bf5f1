import { createHash } from 'node:crypto'
import type { Locale } from './provider/discovery.ts'
import type { Acr } from './levels.ts'
import { rankOf } from './levels.ts'
import type { PersonKind, TestPerson } from './persons.ts'
import type { Representation } from './representation.ts'

const style = `
:root { color-scheme: light dark; --text: #1d2026; --back: #fff; --card: #f3f4f4; --line: #68707d;
  --action: #0a5ba8; --on-action: #fff; --warn: #fff0c2; --on-warn: #3a2b00; --bad: #a3171f; }
@media (prefers-color-scheme: dark) { :root { --text: #eceef1; --back: #16181c; --card: #23262c;
  --line: #9aa3b0; --action: #8cc4ff; --on-action: #0b1a2b; --warn: #4a3900; --on-warn: #ffe9a8;
  --bad: #ff9c9c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); overflow-wrap: anywhere;
  font: 1rem/1.5 system-ui, sans-serif; }
.notice { margin: 0; padding: .75rem 1rem; background: var(--warn); color: var(--on-warn); }
nav, main { max-width: 36rem; margin: 0 auto; padding: 0 1rem; }
nav { padding-top: 1rem; display: flex; flex-wrap: wrap; gap: 0 1rem; }
a { color: var(--action); }
fieldset { margin: 0 0 1rem; padding: .5rem 1rem; border: 1px solid var(--line);
  border-radius: .5rem; background: var(--card); min-width: 0; }
legend { padding: 0 .25rem; font-weight: 600; }
label { display: flex; gap: .75rem; padding: .5rem 0; align-items: flex-start; }
input { flex: none; width: 1.25rem; height: 1.25rem; margin: .125rem 0 0;
  accent-color: var(--action); }
small { display: block; }
button { font: inherit; padding: .625rem 1.25rem; margin: 0 .5rem .5rem 0; border-radius: .5rem;
  border: 2px solid var(--action); background: transparent; color: var(--action);
  cursor: pointer; }
button.first { background: var(--action); color: var(--on-action); }
:focus-visible { outline: 3px solid var(--text); outline-offset: 2px; }
[role=alert] { padding: .5rem 1rem; border-left: .375rem solid var(--bad); }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; }
`

// No form-action: Chromium applies it to the redirects after the form, which end at the client.
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Headers of every page of the simulator. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': contentSecurityPolicy,
  'content-type': 'text/html; charset=utf-8',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

const nb = {
  cancel: 'Avbryt',
  chooseLevel: 'Velg sikkerhetsnivå',
  choosePerson: 'Velg testperson',
  consent: 'Godta',
  consentIntro: 'Tjenesten ber om tilgang til dette på dine vegne:',
  consentTitle: 'Samtykke',
  errorIntro: 'Noe gikk galt. Innloggingen kan ikke fortsette.',
  errorTitle: 'Noe gikk galt',
  high: 'Høyt',
  homeIntro: 'Her svarer en etterligning av ID-porten. Den brukes til å prøve en klient.',
  homeTitle: 'Simulator',
  languages: 'Språk',
  levelTooLow: 'Tjenesten krever et høyere sikkerhetsnivå. Velg et høyere nivå.',
  loggedOut: 'Du er logget ut. Du kan lukke denne siden.',
  loggedOutTitle: 'Logget ut',
  login: 'Logg inn',
  loginTitle: 'Logg inn',
  low: 'Lavt',
  lowLevelFault: 'Gir for lavt nivå (feiltest)',
  minimum: 'minste nivå tjenesten godtar',
  nothingChosen: 'Velg en testperson og et sikkerhetsnivå.',
  notice: 'Dette er en simulator, ikke ID-porten. Bare oppdiktede testpersoner kan logge inn her.',
  notFound: 'Denne siden finnes ikke.',
  proceed: 'Fortsett',
  refuse: 'Ikke godta',
  represent: 'Velg hvem du vil representere',
  representNobody: 'Bare meg selv',
  sending: 'Sender deg tilbake til programmet',
  substantial: 'Betydelig',
  withoutNames: 'Uten navn i ID-tokenet',
  withoutPid: 'Uten fødselsnummer i tokenene (som eIDAS uten treff)',
}

type Texts = typeof nb

const nn: Texts = {
  ...nb,
  chooseLevel: 'Vel tryggingsnivå',
  choosePerson: 'Vel testperson',
  consent: 'Godta',
  consentIntro: 'Tenesta ber om tilgang til dette på dine vegner:',
  errorIntro: 'Noko gjekk gale. Innlogginga kan ikkje halde fram.',
  errorTitle: 'Noko gjekk gale',
  high: 'Høgt',
  homeIntro: 'Her svarar ei etterlikning av ID-porten. Ho blir brukt til å prøve ein klient.',
  levelTooLow: 'Tenesta krev eit høgare tryggingsnivå. Vel eit høgare nivå.',
  loggedOut: 'Du er logga ut. Du kan lukke denne sida.',
  loggedOutTitle: 'Logga ut',
  low: 'Lågt',
  lowLevelFault: 'Gir for lågt nivå (feiltest)',
  minimum: 'minste nivå tenesta godtek',
  nothingChosen: 'Vel ein testperson og eit tryggingsnivå.',
  notice: 'Dette er ein simulator, ikkje ID-porten. Berre oppdikta testpersonar kan logge inn her.',
  notFound: 'Denne sida finst ikkje.',
  proceed: 'Hald fram',
  refuse: 'Ikkje godta',
  represent: 'Vel kven du vil representere',
  representNobody: 'Berre meg sjølv',
  sending: 'Sender deg tilbake til programmet',
  substantial: 'Betydeleg',
  withoutNames: 'Utan namn i ID-tokenet',
  withoutPid: 'Utan fødselsnummer i tokena (som eIDAS utan treff)',
}

const en: Texts = {
  cancel: 'Cancel',
  chooseLevel: 'Choose level of security',
  choosePerson: 'Choose test person',
  consent: 'Accept',
  consentIntro: 'The service asks for access to this on your behalf:',
  consentTitle: 'Consent',
  errorIntro: 'Something went wrong. The login cannot continue.',
  errorTitle: 'Something went wrong',
  high: 'High',
  homeIntro: 'A look-alike of ID-porten answers here. It is used to try out a client.',
  homeTitle: 'Simulator',
  languages: 'Language',
  levelTooLow: 'The service needs a higher level of security. Choose a higher level.',
  loggedOut: 'You are logged out. You can close this page.',
  loggedOutTitle: 'Logged out',
  login: 'Log in',
  loginTitle: 'Log in',
  low: 'Low',
  lowLevelFault: 'Gives a too low level (fault test)',
  minimum: 'lowest level that the service accepts',
  nothingChosen: 'Choose a test person and a level of security.',
  notice: 'This is a simulator, not ID-porten. Only made-up test persons can log in here.',
  notFound: 'This page does not exist.',
  proceed: 'Continue',
  refuse: 'Do not accept',
  represent: 'Choose whom to represent',
  representNobody: 'Myself only',
  sending: 'Sending you back to the program',
  substantial: 'Substantial',
  withoutNames: 'Without names in the ID token',
  withoutPid: 'Without national identity number in the tokens (as eIDAS without a match)',
}

// Northern Sami has no texts of its own and gets bokmål.
function textsFor(locale: Locale): Texts {
  return { nb, nn, en, se: nb }[locale]
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

function page(locale: Locale, title: string, content: string): string {
  const texts = textsFor(locale)
  const lang = locale === 'se' ? 'nb' : locale
  return `<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} – simulator</title>
<style>${style}</style>
</head>
<body>
<header><p class="notice"><strong>${escapeHtml(texts.notice)}</strong></p></header>
${content}
</body>
</html>`
}

const languageNames: readonly (readonly [Locale, string])[] = [
  ['nb', 'Bokmål'],
  ['nn', 'Nynorsk'],
  ['en', 'English'],
  ['se', 'Sámegiella'],
]

function languageLinks(locale: Locale): string {
  const links = languageNames.map(([code, name]) => {
    const current = code === locale ? ' aria-current="true"' : ''
    return `<a href="?lang=${code}" hreflang="${code}" lang="${code}"${current}>${name}</a>`
  })
  return `<nav aria-label="${escapeHtml(textsFor(locale).languages)}">${links.join('\n')}</nav>`
}

function button(action: string, text: string, first = false): string {
  const kind = first ? ' class="first"' : ''
  return `<button type="submit" name="action" value="${action}" data-action="${action}"${kind}>${escapeHtml(text)}</button>`
}

function alert(text: string | undefined): string {
  return text === undefined ? '' : `<p role="alert">${escapeHtml(text)}</p>`
}

function personNote(person: TestPerson, texts: Texts): string {
  const notes: Readonly<Record<PersonKind, string>> = {
    ordinary: '',
    'low-level': texts.lowLevelFault,
    'without-names': texts.withoutNames,
    'without-pid': texts.withoutPid,
  }
  return notes[person.kind]
}

/** The page where a person and a level are chosen, as TestID has it. */
export function loginPage(view: {
  readonly locale: Locale
  readonly persons: readonly TestPerson[]
  readonly chosenPid: string | undefined
  readonly minimum: Acr
  readonly offered: readonly Acr[]
  readonly problem?: 'levelTooLow' | 'nothingChosen'
}): string {
  const texts = textsFor(view.locale)
  const choices = view.persons.map((person, index) => {
    const checked = person.pid === view.chosenPid || (!view.chosenPid && index === 0)
    const note = personNote(person, texts)
    return `<label><input type="radio" name="pid" value="${person.pid}"${checked ? ' checked' : ''}>
<span>${escapeHtml(person.label)} <small>${person.pid}</small>${note === '' ? '' : `<small>${escapeHtml(note)}</small>`}</span></label>`
  })
  const levels = view.offered.map((acr) => {
    const name = [texts.low, texts.substantial, texts.high][rankOf(acr) - 1] ?? acr
    const minimum = acr === view.minimum
    const note = minimum ? `${acr}, ${texts.minimum}` : acr
    return `<label><input type="radio" name="acr" value="${acr}"${minimum ? ' checked' : ''}>
<span>${escapeHtml(name)} <small>${escapeHtml(note)}</small></span></label>`
  })
  return page(
    view.locale,
    texts.loginTitle,
    `${languageLinks(view.locale)}
<main>
<h1>${escapeHtml(texts.loginTitle)}</h1>
${alert(view.problem && texts[view.problem])}
<form method="post">
<fieldset><legend>${escapeHtml(texts.choosePerson)}</legend>${choices.join('\n')}</fieldset>
<fieldset><legend>${escapeHtml(texts.chooseLevel)}</legend>${levels.join('\n')}</fieldset>
${button('login', texts.login, true)}${button('cancel', texts.cancel)}
</form>
</main>`,
  )
}

function representChoice(texts: Texts, represented: readonly Representation[]): string {
  const choices = represented.map(({ authorizer: { name, pid }, permissions }) => {
    const roles = permissions.map(({ role }) => role).join(', ')
    return `<label><input type="radio" name="represent" value="${pid}">
<span>${escapeHtml(name)} <small>${pid}</small><small>${escapeHtml(roles)}</small></span></label>`
  })
  return `<fieldset><legend>${escapeHtml(texts.represent)}</legend>
<label><input type="radio" name="represent" value="" checked>
<span>${escapeHtml(texts.representNobody)}</span></label>
${choices.join('\n')}</fieldset>`
}

/** The page where a person lets the client have scopes, and chooses whom to act for. */
export function consentPage(view: {
  readonly locale: Locale
  readonly asksForScopes: boolean
  readonly scopes: readonly string[]
  /** Absent when nobody asked for it. */
  readonly represented: readonly Representation[] | undefined
}): string {
  const texts = textsFor(view.locale)
  const items = view.scopes.map((scope) => `<li><code>${escapeHtml(scope)}</code></li>`)
  const title = view.asksForScopes ? texts.consentTitle : texts.represent
  const buttons = view.asksForScopes
    ? button('consent', texts.consent, true) + button('refuse', texts.refuse)
    : button('consent', texts.proceed, true)
  return page(
    view.locale,
    title,
    `${languageLinks(view.locale)}
<main>
<h1>${escapeHtml(title)}</h1>
${view.asksForScopes ? `<p>${escapeHtml(texts.consentIntro)}</p><ul>${items.join('\n')}</ul>` : ''}
<form method="post">
${view.represented === undefined ? '' : representChoice(texts, view.represented)}
${buttons}${button('cancel', texts.cancel)}
</form>
</main>`,
  )
}

/** The page for an error that is not sent to the client. */
export function errorPage(locale: Locale, error: string, description: string | undefined): string {
  const texts = textsFor(locale)
  return page(
    locale,
    texts.errorTitle,
    `<main>
<h1>${escapeHtml(texts.errorTitle)}</h1>
<p>${escapeHtml(texts.errorIntro)}</p>
<p role="alert"><code>${escapeHtml(error)}</code> ${escapeHtml(description ?? '')}</p>
</main>`,
  )
}

/** A page that only says something. */
export function messagePage(
  locale: Locale,
  title: 'homeTitle' | 'loggedOutTitle' | 'errorTitle',
  message: 'homeIntro' | 'loggedOut' | 'notFound',
): string {
  const texts = textsFor(locale)
  return page(
    locale,
    texts[title],
    `<main><h1>${escapeHtml(texts[title])}</h1><p>${escapeHtml(texts[message])}</p></main>`,
  )
}

/** Puts the notice on the page that oidc-provider makes for `response_mode=form_post`. */
export function withNotice(formPostPage: string, locale: Locale): string {
  const texts = textsFor(locale)
  return formPostPage
    .replace('<html>', `<html lang="${locale === 'se' ? 'nb' : locale}">`)
    .replace('<title>Submitting Callback</title>', `<title>${escapeHtml(texts.sending)}</title>`)
    .replace('<body>', `<body><p><strong>${escapeHtml(texts.notice)}</strong></p>`)
}
