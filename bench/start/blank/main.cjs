/** The least that shows a window with a line of text: what Electron itself takes. */
const path = require('node:path')
const { app, BrowserWindow } = require('electron')

app.on('window-all-closed', () => app.quit())
app.once('ready', () => {
  const window = new BrowserWindow({ width: 720, height: 860, show: false })
  window.once('ready-to-show', () => window.show())
  void window.loadFile(path.join(__dirname, 'index.html'))
})
