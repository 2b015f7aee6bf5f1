import type { CallbackPage, CallbackTexts } from './pages.ts'

/** Title and text of each page, in bokmål, for a caller that brings no words of its own. */
const words: Record<CallbackPage, readonly [title: string, text: string]> = {
  'signed-in': ['Du er logget inn', 'Gå tilbake til appen. Du kan lukke denne fanen.'],
  denied: [
    'Innloggingen ble avbrutt',
    'Du er ikke logget inn. Gå tilbake til appen hvis du vil prøve igjen. Du kan lukke denne fanen.',
  ],
  failed: [
    'Innloggingen ble ikke fullført',
    'Du er ikke logget inn. Gå tilbake til appen. Referansen er {{reference}}. Du kan lukke denne fanen.',
  ],
  working: ['Kontrollerer innloggingen', 'Vent litt mens appen sjekker svaret.'],
  cancelled: [
    'Denne innloggingen er avsluttet',
    'Innloggingen ble avbrutt i appen. Gå tilbake til appen. Du kan lukke denne fanen.',
  ],
  unknown: [
    'Adressen hører ikke til en innlogging',
    'Gå tilbake til appen og logg inn derfra. Du kan lukke denne fanen.',
  ],
  'start-used': [
    'Lenken virker ikke lenger',
    'Den er brukt før, eller tiden er gått ut. Gå tilbake til appen og åpne nettleseren derfra.',
  ],
  'too-large': [
    'Nettleseren sendte for mye',
    'Slett informasjonskapslene for 127.0.0.1 i nettleseren, eller åpne lenken i et privat vindu.',
  ],
  'logging-out': ['Logger deg ut', 'Nettleseren går videre for å logge deg ut der du logget inn.'],
  'logged-out': ['Du er logget ut', 'Du kan lukke denne fanen.'],
}

/** The words of the pages for an app that gives none. */
export const defaultTexts: CallbackTexts = {
  lang: 'nb',
  appName: '',
  note: 'Gi aldri adressen til denne siden til andre.',
  text: (page, part, { reference }) => {
    const [title, text] = words[page]
    if (part === 'button') return 'Logg ut'
    return part === 'title' ? title : text.replace('{{reference}}', reference)
  },
}
