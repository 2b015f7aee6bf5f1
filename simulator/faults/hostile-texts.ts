import { lowLevelPerson } from '../persons.ts'

/** What a provider may put into a text that a person might see. */
export const hostileTexts = {
  html: '<img src=x onerror=alert(1)><script>alert(1)</script>&amp;"\'',
  javascript: 'javascript:alert(document.domain)',
  long: 'En lang forklaring. '.repeat(250),
  'personal-number': `Personen med fødselsnummer ${lowLevelPerson.pid} er sperret`,
  jwt: 'eyJhbGciOiJSUzI1NiJ9.eyJwaWQiOiIyMTg3ODY5ODQ1MyJ9.c2lnbmF0dXI',
  'control-characters': 'linje\r\nSet-Cookie: a=b\u001B[31m\u0000\u202Etxet',
} as const
