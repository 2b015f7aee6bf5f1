import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Simulator, startSimulator } from '../../../simulator/simulator.ts'
import { arrive, logInAt, waitForBrowser } from '../../../test/support/login.ts'
import { navigateAsOtherUser, noOtherUser, whySkipped } from '../../../test/support/other-user.ts'
import { createPeerCheck } from './peer.ts'

let simulator: Simulator
beforeAll(async () => {
  simulator = await startSimulator()
})
afterAll(() => simulator.close())

describe(`a real process of another user of the computer${whySkipped}`, () => {
  it.skipIf(noOtherUser)(
    `is refused at the start address and with the right callback, then the person signs in${whySkipped}`,
    async () => {
      const login = await waitForBrowser(simulator, { peer: createPeerCheck() })
      const atStart = await navigateAsOtherUser(login.start)
      expect([atStart.status, atStart.headers.location]).toEqual([403, undefined])
      expect(atStart.body).toContain('unknown title')
      expect(login.eventTypes()).not.toContain('browser-arrived')

      const callback = await logInAt(login.start)
      expect((await navigateAsOtherUser(callback)).status).toBe(403)
      expect(login.rejections()).toEqual(['other user', 'other user'])
      expect([login.eventTypes().includes('exchanging'), login.tokenRequests()]).toEqual([
        false,
        [],
      ])

      expect((await arrive(callback)).body).toContain('signed-in title')
      await expect(login.result).resolves.toBeTruthy()
      expect(login.tokenRequests()).toHaveLength(1)
    },
  )
})
