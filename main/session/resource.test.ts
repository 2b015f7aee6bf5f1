import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../simulator/simulator.ts'
import {
  createApps,
  createMemoryVault,
  echoApi,
  profileOf,
  type TestApp,
} from '../../test/support/app.ts'

const one = ['https://api.example.no/orders']
const two = [...one, 'https://other.example.no/']
let simulator: Simulator
const apps = createApps()
beforeAll(async () => {
  simulator = await startSimulator({ refreshTokens: true })
})
afterAll(() => simulator.close())
afterEach(() => apps.closeAll())

const audienceOf = (app: TestApp) =>
  app.controller.snapshot().session?.accessToken?.find(({ name }) => name === 'aud')?.value

describe('resource indicators (S-140)', () => {
  it.each([
    ['auto', one, one[0]],
    ['auto', two, JSON.stringify(two)],
    ['never', two, JSON.stringify(two)],
    ['auto', [], undefined],
  ] as const)(
    'go with the request for the login, the code and each renewal: pushing %s, %j',
    async (par, resource, audience) => {
      const app = await apps.signedIn(simulator, {
        profile: profileOf(simulator, { par, resource }),
      })
      expect(audienceOf(app)).toBe(audience)
      await app.controller.renew()
      await app.controller.renew()
      expect(audienceOf(app)).toBe(audience)
      const asked =
        par === 'never'
          ? app.requests('/authorize').map(({ query }) => query)
          : app.requests('/par').map(({ form }) => form)
      const tokens = app.requests('/token').map(({ form }) => form)
      expect([asked.length, tokens.length]).toEqual([1, 3])
      for (const parameters of [...asked, ...tokens]) {
        expect(parameters.getAll('resource')).toEqual(resource)
      }
    },
  )

  it('go with the renewal at the next start too, and with nothing else', async () => {
    const vault = createMemoryVault()
    const profile = profileOf(simulator, {
      remember: true,
      resource: two,
      apis: [echoApi(simulator)],
    })
    const first = await apps.signedIn(simulator, { profile, vault })
    await first.until(({ session }) => session?.remembered === 'kept')
    await first.close()
    const app = apps.create(simulator, { profile, vault })
    await app.until(({ session }) => session !== null && session.userinfo !== null)
    await app.controller.callApi(0)
    expect(audienceOf(app)).toBe(JSON.stringify(two))
    const named = app
      .journal()
      .filter(({ query, form }) => query.has('resource') || form.has('resource'))
    expect(named.map(({ path }) => path)).toEqual(['/token'])
  })
})
