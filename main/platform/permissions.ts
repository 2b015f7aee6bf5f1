import { app, type Session } from 'electron'

/**
 * Denies every permission in every session: camera, microphone, place, notifications, clipboard, USB …
 * The app needs none; "copy the link" writes to the clipboard from main.
 *
 * @see Electron security checklist 5
 */
export function denyPermissions(): void {
  app.on('session-created', (session: Session) => {
    session.setPermissionRequestHandler((_contents, _permission, decide) => decide(false))
    session.setPermissionCheckHandler(() => false)
    session.setDevicePermissionHandler(() => false)
    session.setDisplayMediaRequestHandler(null)
    // Chromium would fetch a dictionary from Google's servers, although no page here checks spelling. To turn the
    // checker off does not stop what has begun; to leave it without a language does.
    session.setSpellCheckerEnabled(false)
    session.setSpellCheckerLanguages([])
  })
}
