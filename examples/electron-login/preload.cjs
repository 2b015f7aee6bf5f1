// The page has no script of its own: its two buttons send an intent, and the answer of main is shown.
const { ipcRenderer } = require('electron')

addEventListener('DOMContentLoaded', () => {
  const status = document.querySelector('[role=status]')
  /** @param {unknown} text */
  const show = (text) => {
    if (status !== null) status.textContent = String(text)
  }
  document.querySelector('#sign-in')?.addEventListener('click', () => {
    show('Log in in your browser')
    ipcRenderer.invoke('sign-in').then(show, show)
  })
  document.querySelector('#cancel')?.addEventListener('click', () => {
    void ipcRenderer.invoke('cancel')
  })
})
