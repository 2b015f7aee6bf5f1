/**
 * Writes `docs/profile.schema.json` from the schema that the app itself reads profiles with.
 * Usage: npx node scripts/profile-schema.ts
 */
import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema'
import { format } from 'oxfmt'
import { type Profile, profileFile } from '../main/session/profile.ts'

/** The committed schema. */
export const schemaFile = fileURLToPath(new URL('../docs/profile.schema.json', import.meta.url))

const descriptions: Readonly<Record<keyof Profile, string>> = {
  $schema: 'Where an editor finds this schema. The app does not read it.',
  name: 'What this profile is called.',
  issuer: 'The issuer of the provider, byte for byte as in its metadata.',
  clientId: 'The client id from the registration at Digdir.',
  redirectPath: 'The path of the registered redirect URI.',
  scope: 'The scopes to ask for.',
  acrValues: 'The levels to ask for; the level that is reached must be at least one of them.',
  uiLocales: "The language of the provider's pages. Without it: the language of the app.",
  prompt: 'What the provider is to ask of the person although it has a session.',
  resource: 'Who the access token is meant for (RFC 8707).',
  authorizationDetails: 'Rich authorization requests (RFC 9396), sent as they are.',
  par: 'Pushed authorization requests (RFC 9126).',
  dpop: 'Binds the tokens to a key of this app (RFC 9449).',
  remember: 'Keeps the login over a restart, where the system can encrypt it.',
  loginTimeoutSeconds: 'How long the person has in the browser.',
  inactivityMinutes: 'How long a session lasts without activity of the person.',
  postLogoutRedirectUri:
    'Where the provider sends the browser after a logout; port 0 of 127.0.0.1 is the app itself.',
  apis: 'Services that the app can call, each with a button. Their scopes are added to the request.',
  updates: "Where Windows and macOS get newer versions from. In the machine's profile alone.",
}

/**
 * Makes the JSON schema of a profile. What JSON Schema cannot say, the checks in code, is named in
 * the description of its key.
 *
 * @returns the text of the file
 */
export async function profileSchema(): Promise<string> {
  const schema = toJsonSchema(profileFile, {
    target: 'draft-07',
    typeMode: 'input',
    overrideAction: ({ valibotAction: action, jsonSchema }) => {
      if (action.type === 'check') return alsoChecked(jsonSchema, action)
      if (action.type !== 'regex' || jsonSchema.pattern === source(action)) return null
      // There is room for one `pattern`, and some texts have to match three.
      return { ...jsonSchema, allOf: [...(jsonSchema.allOf ?? []), { pattern: source(action) }] }
    },
  })
  const properties = Object.entries(descriptions).map(([key, text]) => {
    const property = schema.properties?.[key]
    if (typeof property !== 'object') throw new TypeError(`no ${key} in the schema`)
    const description = [text, property.description].filter(Boolean).join(' ')
    return [key, { description, ...without(property, 'description') }]
  })
  const titled = {
    $schema: schema.$schema,
    title: 'Profile of ID-porten Desktop',
    description: 'docs/profile.md explains the keys. Made by scripts/profile-schema.ts.',
    ...without(schema, '$schema'),
    properties: Object.fromEntries(properties),
  }
  const { code, errors } = await format('profile.schema.json', JSON.stringify(titled, null, 2), {
    printWidth: 100,
  })
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
  return code
}

function alsoChecked(schema: JsonSchema, action: object): JsonSchema {
  const message = 'message' in action ? action.message : undefined
  if (typeof message !== 'string') throw new TypeError('a check without a message')
  const { description } = schema
  return {
    ...schema,
    description:
      description === undefined
        ? `The app also checks: ${message}.`
        : `${description.slice(0, -1)}; ${message}.`,
  }
}

function source(action: object): string {
  if ('requirement' in action && action.requirement instanceof RegExp)
    return action.requirement.source
  throw new TypeError('a regex action without a regular expression')
}

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = value
  return rest
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(schemaFile, await profileSchema())
}
