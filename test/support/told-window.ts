/** Tells the window what to show in place of main, so that every view can be looked at without a login. */
import type { ElectronApplication, Page } from 'playwright'
import { type Snapshot, snapshotChannel } from '../../preload/contract.ts'

// Higher than anything that main will say.
let revision = 1_000_000

/** Shows a snapshot in the app's window, and waits until it is there. */
export async function tell(
  app: ElectronApplication,
  window: Page,
  snapshot: Snapshot,
): Promise<void> {
  revision += 1
  const next = { ...snapshot, revision }
  await app.evaluate(
    ({ BrowserWindow }, [channel, told]) =>
      BrowserWindow.getAllWindows()[0]?.webContents.send(channel, told),
    [snapshotChannel, next] as const,
  )
  await window.locator(`html[lang][data-status="${next.status}"]`).waitFor()
}

/** Gives the page of the app's window a size, in pixels of the screen, and enlarges what is on it. */
export async function resize(
  app: ElectronApplication,
  window: Page,
  { width, height, zoom = 1 }: { width: number; height: number; zoom?: number },
): Promise<void> {
  await app.evaluate(
    ({ BrowserWindow }, [wide, high, factor]) => {
      const [only] = BrowserWindow.getAllWindows()
      only?.setMinimumSize(320, 240)
      only?.setContentSize(wide, high)
      only?.webContents.setZoomFactor(factor)
    },
    [width, height, zoom] as const,
  )
  await window.evaluate(`new Promise((resolve) => {
    const look = () => innerWidth === ${width / zoom} && resolve()
    addEventListener('resize', look)
    look()
  })`)
}
