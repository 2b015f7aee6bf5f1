import type { Scenario } from './scenario.ts'

/** A scenario in which a correct client must not log in. */
export const bad = (summary: string, what: Omit<Scenario, 'summary' | 'good'>): Scenario => ({
  summary,
  good: false,
  ...what,
})
/** A scenario in which a correct client must log in. */
export const good = (summary: string, what: Omit<Scenario, 'summary' | 'good'>): Scenario => ({
  summary,
  good: true,
  ...what,
})
/** A scenario whose outcome depends on what the client asks for and puts up with. */
export const either = (summary: string, what: Omit<Scenario, 'summary' | 'good'>): Scenario => ({
  summary,
  ...what,
})

/** One scenario for each of several names, all under the same prefix. */
export function each<const Prefix extends string, const Name extends string>(
  prefix: Prefix,
  names: readonly Name[],
  make: (name: Name) => Scenario,
): Readonly<Record<`${Prefix}${Name}`, Scenario>> {
  // The keys are made of the same names as the type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(names.map((name) => [`${prefix}${name}`, make(name)])) as Record<
    `${Prefix}${Name}`,
    Scenario
  >
}

/** The name of a member or an error, for that of a scenario. */
export function underscored(name: string): string {
  return name.replaceAll('-', '_')
}
