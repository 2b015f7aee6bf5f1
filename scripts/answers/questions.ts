/** What Digdir's pages leave open, and what the app does with either answer. */
export const questions = {
  metadata: {
    question: 'What do the metadata offer a client without a secret?',
    app: 'uses what is offered and does without the rest; additions are ignored',
  },
  date: {
    question: 'Which headers do the metadata come with, and is `Date` right?',
    app: 'explains a failure by a wrong clock with `Date`, and dates DPoP proofs by it; nothing is judged by it',
  },
  push: {
    question:
      'May a client without a secret push its request, and is that answered with 200 or 201?',
    app: '`par: auto` pushes, takes 200 for 201, and goes the ordinary way after a refusal',
  },
  client: {
    question: 'What does a client get that is not registered?',
    app: 'tells a refused push in the window; a browser that stays at the provider ends in `E_LOGIN_TIMEOUT`',
  },
  redirectUri: {
    question: 'What does a redirect URI get whose path is not registered?',
    app: 'the same as with a client that is not registered',
  },
  scope: {
    question: 'What does a scope get that is not registered?',
    app: 'ends with `E_LOGIN_REFUSED` where the browser is sent back, and shows the scopes that were granted',
  },
  resource: {
    question: 'What does a `resource` get that nobody knows?',
    app: 'ends with `E_LOGIN_REFUSED` where the browser is sent back',
  },
  acr: {
    question: 'What does a level get that nobody knows?',
    app: 'demands a level of the ID token that is as high as one that was asked for, else `E_ID_TOKEN_CLAIM`',
  },
  errorIssuer: {
    question: 'Does `iss` come with an error, too?',
    app: 'demands it with a code; an error without it is told as that error',
  },
  lifetimes: {
    question: 'How long do the tokens live?',
    app: 'counts from the moment that they came, and ends a session after 30 minutes without activity',
  },
  tokenHeaders: {
    question: 'Which headers does the token response come with?',
    app: 'keeps no answer in a cache',
  },
  audience: {
    question: 'Whom is an access token for when no `resource` was asked for?',
    app: 'shows it, and decides nothing by it',
  },
  refresh: {
    question: 'Does a client without a secret get a refresh token, and may it use it?',
    app: 'uses one that it gets, and renews through the browser without one',
  },
  revocation: {
    question: 'May a client without a secret revoke, and what is the access token worth then?',
    app: 'revokes what would outlive the logout; a refusal is shown and does not stop the logout',
  },
  dpop: {
    question: 'Are tokens bound to a key with DPoP, without a word in the registration?',
    app: 'refuses a Bearer token where the profile asks for DPoP',
  },
  dpopRefresh: {
    question: 'Does a client without a secret get a refresh token with DPoP, and may it use it?',
    app: 'uses one that it gets, with the same key, and renews through the browser without one',
  },
  logout: {
    question: 'Does a logout come back to a loopback address whose port the system gave?',
    app: 'shows its own page then; else the window says that the browser was opened',
  },
} as const
export type QuestionName = keyof typeof questions

/** In the order in which they are asked. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- These are the keys.
export const questionNames = Object.keys(questions) as QuestionName[]
