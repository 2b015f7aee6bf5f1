/**
 * Proof by the compiler that nothing secret fits through the contract. It is never run: `npm run
 * types` fails when a line of it does not hold, for example because a text was added to the snapshot.
 */
import type { Secret } from '../main/login/base/secret.ts'
import type { Claim, ErrorCode, IntentArguments, Intent, Reply, Snapshot } from './contract.ts'
import type { Inspection } from './inspection.ts'

type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
type Step<P extends string, K extends string> = P extends '' ? K : `${P}.${K}`
type IsAny<T> = 0 extends 1 & T ? true : false

/** Every property at any depth, as its path, its name and its type, one for each member of a union. */
type Property<T, P extends string = ''> =
  IsAny<T> extends true
    ? never
    : T extends (...args: never[]) => unknown
      ? never
      : T extends readonly (infer Item)[]
        ? { path: `${P}[]`; name: ''; type: Item } | Property<Item, `${P}[]`>
        : T extends object
          ? {
              [K in keyof T & string]:
                | { path: Step<P, K>; name: K; type: T[K] }
                | Property<T[K], Step<P, K>>
            }[keyof T & string]
          : never

/** Paths of what any text at all may be put into. */
type FreeText<T> =
  Property<T> extends infer Each
    ? Each extends { path: infer P; type: infer V }
      ? string extends V
        ? P
        : never
      : never
    : never

/** Paths of what a secret could be put into. */
type SecretFits<T> =
  Property<T> extends infer Each
    ? Each extends { path: infer P; type: infer V }
      ? Secret extends V
        ? P
        : never
      : never
    : never

type SecretWord =
  | 'token'
  | 'code'
  | 'verifier'
  | 'challenge'
  | 'state'
  | 'nonce'
  | 'secret'
  | 'bearer'
  | 'authorization'
  | 'assertion'
  | 'cookie'
  | 'dpop'

/** Paths of what is named like a secret. */
type NamedSecret<T> =
  Property<T> extends infer Each
    ? Each extends { path: infer P; name: infer N extends string }
      ? Lowercase<N> extends `${string}${SecretWord}${string}`
        ? P
        : never
      : never
    : never

// The proofs would notice: what they say of types that are wrong on purpose.
void (true satisfies Equal<FreeText<{ a: { b: string | null }[]; c: 'x'; d: 1 }>, 'a[].b'>)
void (true satisfies Equal<FreeText<{ a: string[]; b: unknown; c?: string }>, 'a[]' | 'b' | 'c'>)
// oxlint-disable-next-line typescript/no-explicit-any
void (true satisfies Equal<FreeText<{ a: any }>, 'a'>)
void (true satisfies Equal<
  SecretFits<{ a: object; b: { c: Secret | null }; d: string }>,
  'a' | 'b.c'
>)
void (true satisfies Equal<
  NamedSecret<{ a: { idToken: 1 }[]; codeVerifier: 1; status: 1 }>,
  'a[].idToken' | 'codeVerifier'
>)

/** Where a failure can stand. */
type Failed = 'error' | 'session.problem' | 'session.apis[].failure'

// 1. Nothing is named like a secret but these, and they are claims, a time and the codes of errors.
void (true satisfies Equal<
  NamedSecret<Snapshot>,
  'session.idToken' | 'session.accessToken' | 'session.accessTokenLeftMs' | `${Failed}.code`
>)
void (true satisfies Equal<NamedSecret<Reply>, 'code' | `snapshot.${NamedSecret<Snapshot>}`>)
type Session = NonNullable<Snapshot['session']>
void (true satisfies Equal<Session['idToken'], Claim[]>)
void (true satisfies Equal<Session['accessToken'], Claim[] | null>)
void (true satisfies Equal<Session['accessTokenLeftMs'], number | null>)
void (true satisfies Equal<NonNullable<Snapshot['error']>['code'], ErrorCode>)
void (true satisfies Equal<Extract<Reply, { ok: false }>['code'], ErrorCode>)
void (true satisfies Equal<string extends ErrorCode ? true : false, false>)

// 2. A secret fits nowhere, neither on its way to the renderer nor back.
void (true satisfies Equal<SecretFits<Snapshot>, never>)
void (true satisfies Equal<SecretFits<Reply>, never>)
void (true satisfies Equal<SecretFits<{ args: IntentArguments<Intent> }>, never>)

// 3. The texts that are not from a list. Each one is a place to look at: add to it knowingly.
type Check = 'rule' | 'source' | 'expected' | 'got'
type Texts =
  | `profile.${'name' | 'issuer' | 'clientId' | 'scope' | 'acrValues[]'}`
  | 'waiting.pushRefused.reason'
  | 'update.version'
  | `session.${'name' | 'pid' | 'acr'}`
  | `session.${'idToken' | 'accessToken' | 'userinfo'}[].${'name' | 'value'}`
  | `session.checks[].${Check}`
  | 'session.refusedScopes[]'
  | 'session.apis[].name'
  | 'session.apis[].answer.body'
  | `${Failed}.reference`
  | `${Failed}.detail.${'key' | 'reason'}`
  | `${Failed}.checks[].${Check}`
void (true satisfies Equal<FreeText<Snapshot>, Texts>)
void (true satisfies Equal<FreeText<Reply>, `snapshot.${Texts}`>)
void (true satisfies Equal<FreeText<{ args: IntentArguments<Intent> }>, never>)

// 4. The inspector gets texts, of which main has taken every secret out, and no place for a secret.
void (true satisfies Equal<SecretFits<Inspection>, never>)
type Values = `${'headers' | 'parameters' | 'members'}[].${'name' | 'value'}`
type InStep =
  | 'source'
  | `request.${'method' | 'address'}`
  | `request.${Exclude<Values, `members${string}`>}`
  | `response.${Exclude<Values, `parameters${string}`>}`
  | `checks[].${Check}`
  | `error.${'code' | 'reason'}`
void (true satisfies Equal<
  FreeText<Inspection>,
  | `attempts[].${'reference' | 'result'}`
  | `attempts[].steps[].${InStep}`
  | `tokens.${'id' | 'access'}.${'header' | 'payload'}`
  | 'tokens.userinfo'
  | 'changedClaims.access[]'
  | 'changedClaims.id[]'
  | 'changedClaims.userinfo[]'
  | `provider.${'metadata' | 'keys'}[].${'name' | 'value'}`
  | `provider.differences[].${'member' | 'expected' | 'got'}`
  | `profile[].${'key' | 'value'}`
>)
