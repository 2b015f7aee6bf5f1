import { Menu } from 'electron'

/** No default menu, and with it no developer tools or reload; macOS needs one for quit and copy. */
export function setMenu(): void {
  Menu.setApplicationMenu(
    process.platform === 'darwin'
      ? Menu.buildFromTemplate([{ role: 'appMenu' }, { role: 'editMenu' }])
      : null,
  )
}
