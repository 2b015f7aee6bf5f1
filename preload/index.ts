import { contextBridge, ipcRenderer } from 'electron'
import * as v from 'valibot'
import {
  type Bridge,
  intents,
  type Intent,
  type IntentArguments,
  type Reply,
  replySchema,
  snapshotChannel,
  snapshotSchema,
} from './contract.ts'

const intent =
  <I extends Intent>(name: I) =>
  async (...args: IntentArguments<I>): Promise<Reply> =>
    v.parse(replySchema, await ipcRenderer.invoke(intents[name].channel, ...args))

const bridge: Bridge = {
  getSnapshot: intent('getSnapshot'),
  signIn: intent('signIn'),
  cancel: intent('cancel'),
  reopenBrowser: intent('reopenBrowser'),
  copyLink: intent('copyLink'),
  prolong: intent('prolong'),
  signOut: intent('signOut'),
  revealPid: intent('revealPid'),
  setLanguage: intent('setLanguage'),
  onSnapshot: (listener) => {
    // The event object of Electron stays on this side.
    const receive = (_event: unknown, snapshot: unknown): void => {
      listener(v.parse(snapshotSchema, snapshot))
    }
    ipcRenderer.on(snapshotChannel, receive)
    return () => {
      ipcRenderer.off(snapshotChannel, receive)
    }
  },
}

contextBridge.exposeInMainWorld('idporten', bridge)
