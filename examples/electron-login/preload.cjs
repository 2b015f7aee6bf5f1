// The page has no script of its own: its two buttons send an intent, and the answer of main is shown.
const { ipcRenderer } = require('electron')

addEventListener('DOMContentLoaded', () => {
  const status = document.querySelector('[role=status]')
  /** @param {unknown} text */
  const show = (text) => {
    if (status !== null) status.textContent = String(text)
  }
  const signIn = document.querySelector('#sign-in')
  signIn?.addEventListener('click', () => {
    signIn.setAttribute('disabled', '')
    show('Log in in your browser')
    void ipcRenderer
      .invoke('sign-in')
      .then(show, show)
      .finally(() => signIn.removeAttribute('disabled'))
  })
  for (const intent of ['reopen', 'cancel']) {
    document.querySelector(`#${intent}`)?.addEventListener('click', () => {
      void ipcRenderer.invoke(intent)
    })
  }
})
