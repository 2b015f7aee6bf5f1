import { app } from 'electron'
import type { Log } from './log.ts'

/**
 * Denies what a page could do beyond showing itself: navigation, redirects, new windows, webviews.
 *
 * @see Electron security checklist 12, 13 and 14
 */
export function guardWebContents(log: Log): void {
  app.on('web-contents-created', (_event, contents) => {
    const deny = (what: string) => (event: Electron.Event) => {
      event.preventDefault()
      log('denied', { what })
    }
    contents.on('will-navigate', deny('navigation'))
    contents.on('will-frame-navigate', deny('frame navigation'))
    contents.on('will-redirect', deny('redirect'))
    contents.on('will-attach-webview', deny('webview'))
    contents.setWindowOpenHandler(() => {
      log('denied', { what: 'window' })
      return { action: 'deny' }
    })
  })
}
