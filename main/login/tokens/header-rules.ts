import { matching, type VerificationKey } from '../provider/keys.ts'
import { idTokenAlgorithm } from '../provider/metadata.ts'
import { core, type Rule, show } from './rules.ts'

/** Judges the header of a token: how it is signed, and with which key. */
export function headerRules(
  header: Readonly<Record<string, unknown>>,
  keys: readonly VerificationKey[],
): Rule[] {
  const failure = 'E_ID_TOKEN_SIGNATURE'
  const { alg, typ, kid } = header
  // ID-porten has sent `x5c` along; it is no way to a key here, so it is passed over.
  const embedded = ['jwk', 'jku', 'x5u'].filter((name) => name in header)
  const named = matching(keys, kid).length
  return [
    {
      rule: 'alg',
      source: core('3.1.3.7 (7)'),
      expected: idTokenAlgorithm,
      got: show(alg),
      holds: alg === idTokenAlgorithm,
      failure,
    },
    {
      rule: 'typ',
      source: 'RFC 8725 §3.11',
      expected: 'JWT or absent',
      got: show(typ),
      holds: typ === undefined || (typeof typ === 'string' && /^(application\/)?jwt$/i.test(typ)),
      failure,
    },
    {
      rule: 'crit',
      source: 'RFC 7515 §4.1.11',
      expected: 'absent',
      got: 'crit' in header ? 'present' : 'absent',
      holds: !('crit' in header),
      failure,
    },
    {
      rule: 'embedded-key',
      source: 'RFC 8725 §3.10',
      expected: 'absent',
      got: embedded.join(' ') || 'absent',
      holds: embedded.length === 0,
      failure,
    },
    {
      rule: 'kid',
      source: core('10.1'),
      expected: "one of the provider's keys",
      got: named === 0 ? 'unknown' : named > 1 ? 'one of several keys' : 'known',
      // Stryker disable next-line ConditionalExpression: no key of the provider has a name that is not a text
      holds: (kid === undefined || typeof kid === 'string') && named === 1,
      failure,
    },
  ]
}
