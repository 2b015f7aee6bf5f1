/** Shapes that more than one part of the contract has. */
import * as v from 'valibot'

export const text = v.string()
export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
export const milliseconds = v.pipe(v.number(), v.finite(), v.minValue(0))

/** One verified rule: what was expected, what came, and where the rule comes from. */
export const check = v.strictObject({
  rule: text,
  source: text,
  expected: text,
  got: text,
  result: v.picklist(['pass', 'fail', 'skipped']),
})
