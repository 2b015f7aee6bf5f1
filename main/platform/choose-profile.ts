import { app, type BrowserWindow, dialog } from 'electron'
import { mainTranslator } from '../../assets/locales/index.ts'
import type { Language } from '../../preload/contract.ts'
import { toAppError } from '../errors.ts'
import { plain } from '../login/index.ts'
import { replaceFile } from '../replace-file.ts'
import { type OwnProfile, type Profile, readProfileText } from '../session/profile.ts'

/**
 * Lets the person choose a profile in the system's dialog, shows what it says, and puts it where the app reads the
 * person's own. The app then starts again, which ends whatever is under way. A file that is no profile for this app
 * is told with its reason, and not used.
 */
export async function chooseProfile(
  window: BrowserWindow,
  own: OwnProfile,
  language: Language,
): Promise<void> {
  const t = mainTranslator(language)
  const chosen = await dialog.showOpenDialog(window, {
    properties: ['openFile'],
    filters: [{ name: 'JSON', extensions: ['json'] }],
  })
  const [file] = chosen.filePaths
  if (chosen.canceled || file === undefined) return
  try {
    // What is shown is what is used, whatever becomes of the file meanwhile.
    const text = await readProfileText(file)
    const profile = own.parse(text)
    const { response } = await dialog.showMessageBox(window, {
      type: 'question',
      message: t('profile-choice.question'),
      detail: describe(profile),
      buttons: [t('profile-choice.use'), t('profile-choice.cancel')],
      defaultId: 1,
      cancelId: 1,
    })
    if (response !== 0) return
    replaceFile(own.file, text)
    app.relaunch()
    app.quit()
  } catch (error) {
    const { detail, message } = toAppError(error)
    const reason = detail === null ? message : `${detail.key}: ${detail.reason}`
    dialog.showErrorBox(t('profile-choice.wrong'), reason)
  }
}

/** What a profile would make the app do, a line for each key: above all whom it trusts, and who gets the tokens. */
function describe({ name, issuer, clientId, scope, postLogoutRedirectUri, apis }: Profile): string {
  const lines = [
    ['name', name],
    ['issuer', issuer],
    ['clientId', clientId],
    ['scope', scope],
    ['postLogoutRedirectUri', postLogoutRedirectUri ?? ''],
    ...apis.flatMap((api, index) => [
      [`apis.${index}.url`, api.url],
      [`apis.${index}.scope`, api.scope],
    ]),
  ]
  return lines
    .filter(([, value]) => value !== '')
    .map(([key, value = '']) => `${key}: ${plain(value)}`)
    .join('\n')
}
