/**
 * Asks a provider what Digdir's pages leave open, and prints for each question the answer, what the app does with it,
 * and whether the simulator does the same. A person logs in once. Usage:
 * npm run answers -- --issuer=<address> --client-id=<id> [--redirect-path=<path>] [--logout-path=<path>] [--acr=<level>]
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { openInBrowser } from '../main/login/command/browser.ts'
import { startSimulator } from '../simulator/simulator.ts'
import { ask, type AskOptions } from './answers/ask.ts'
import { createScriptedPerson } from './answers/person.ts'
import { type QuestionName, questions } from './answers/questions.ts'

/** Where real people log in nobody asks for what has to be refused. */
const production = ['idporten.no', 'ansattporten.no']
const acrValues = ['idporten-loa-substantial']

const tell = (line: string): void => void process.stderr.write(`${line}\n`)

class WrongUse extends Error {}

function readOptions(args: string[]): AskOptions {
  const text = (by: string) => ({ type: 'string', default: by }) as const
  const { values } = parseArgs({
    args,
    options: {
      issuer: text('https://test.idporten.no'),
      'client-id': text(''),
      'redirect-path': text('/callback'),
      'logout-path': text('/logged-out'),
      acr: text(acrValues.join(' ')),
    },
  })
  if (!URL.canParse(values.issuer)) throw new WrongUse(`${values.issuer} is no address.`)
  if (production.includes(new URL(values.issuer).hostname)) {
    throw new WrongUse(`${values.issuer} is no place for questions: ask its test environment.`)
  }
  if (values['client-id'] === '') {
    throw new WrongUse(
      `${values.issuer} answers only a client that it knows: --client-id=<id> (docs/registration.md says what to register).`,
    )
  }
  return {
    issuer: values.issuer,
    clientId: values['client-id'],
    redirectPath: values['redirect-path'],
    logoutPath: values['logout-path'],
    acrValues: values.acr.split(' '),
    openBrowser: (address) => {
      tell('Log in as a test person in the browser that opens now, if it asks you to.')
      openInBrowser(address, (reason) => tell(`No browser was opened (${reason}): ${address}`))
    },
  }
}

/** What the simulator answers, with a person who needs no hand. */
async function askSimulator(): Promise<ReadonlyMap<QuestionName, string>> {
  const simulator = await startSimulator()
  try {
    const { issuer, profile } = simulator
    const person = createScriptedPerson()
    const options = { issuer, clientId: profile.clientId, redirectPath: profile.redirectPath }
    const answers = new Map<QuestionName, string>()
    for await (const { name, answer } of ask({
      ...options,
      logoutPath: '/logged-out',
      acrValues,
      openBrowser: person.openBrowser,
    })) {
      answers.set(name, answer)
    }
    await person.done()
    return answers
  } finally {
    await simulator.close()
  }
}

async function run(args: string[]): Promise<void> {
  const options = readOptions(args)
  const simulated = await askSimulator()
  process.stdout.write(`Answers of ${options.issuer} to ${options.clientId}\n`)
  for await (const { name, answer, said = [], answered } of ask(options)) {
    if (!answered) process.exitCode = 1
    const { question, app } = questions[name]
    const other = simulated.get(name)
    process.stdout.write(
      [
        `\n${question}`,
        `  Answer     ${answered ? answer : `none, because of ${answer}`}`,
        ...said.map((words) => `  It says    ${words}`),
        `  The app    ${app}`,
        `  Simulator  ${other === answer ? 'the same' : `otherwise: ${other}`}\n`,
      ].join('\n'),
    )
  }
}

try {
  await run(process.argv.slice(2))
} catch (error) {
  tell(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
