/** A person who logs in at the simulator without a hand: presses "Logg inn" where a page asks, and sends the form of a logout. */
import { TestBrowser } from '../../test/support/browser.ts'
import { type Answer, arrive, locationOf, navigate } from '../../test/support/login.ts'

export interface ScriptedPerson {
  /** Opens an address in one and the same browser, as for a login. */
  readonly openBrowser: (address: string) => Promise<void>
  /** How often the person had to do something. */
  readonly clicks: () => number
  /** Resolves when the browser has its last page; rejects when it did not get one. */
  readonly done: () => Promise<unknown>
}

export function createScriptedPerson(action: 'login' | 'cancel' = 'login'): ScriptedPerson {
  const browser = new TestBrowser()
  const visits: Promise<void>[] = []
  let clicks = 0
  const goOn = async (answer: Answer, address: string): Promise<void> => {
    const form = /<form method="post" action="([^"]+)">/.exec(answer.body)?.[1]
    const fields = Array.from(
      answer.body.matchAll(/name="([^"]+)" value="([^"]*)"/g),
      ([, name = '', value = '']): [string, string] => [name, value],
    )
    let page =
      form === undefined
        ? await browser.open(locationOf(answer, address))
        : await browser.open(form, { method: 'POST', body: new URLSearchParams(fields) })
    if (page.html.includes(`data-action="${action}"`)) {
      clicks += 1
      page = await browser.press(page, action)
    }
    if (page.left !== undefined) await arrive(page.left)
  }
  return {
    // As an opener does, it ends when the browser is on its way.
    openBrowser: async (address) => {
      const visit = goOn(await navigate(address), address)
      visit.catch(() => {})
      visits.push(visit)
    },
    clicks: () => clicks,
    done: () => Promise.all(visits),
  }
}
