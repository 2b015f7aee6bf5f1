import { contextBridge, ipcRenderer } from 'electron'
import * as v from 'valibot'
import {
  type Bridge,
  inspectChannel,
  intents,
  type Intent,
  type IntentArguments,
  type Reply,
  replySchema,
  snapshotChannel,
  snapshotSchema,
} from './contract.ts'
import { inspectionSchema } from './inspection.ts'

const intent =
  <I extends Intent>(name: I) =>
  async (...args: IntentArguments<I>): Promise<Reply> => {
    let reply: unknown
    try {
      reply = await ipcRenderer.invoke(intents[name].channel, ...args)
    } catch {
      // What cannot be cloned never gets to main.
      return { ok: false, code: 'E_IPC_INVALID_ARGUMENTS' }
    }
    const parsed = v.safeParse(replySchema, reply)
    return parsed.success ? parsed.output : { ok: false, code: 'E_UNEXPECTED' }
  }

const bridge: Bridge = {
  getSnapshot: intent('getSnapshot'),
  signIn: intent('signIn'),
  cancel: intent('cancel'),
  reopenBrowser: intent('reopenBrowser'),
  copyLink: intent('copyLink'),
  prolong: intent('prolong'),
  signOut: intent('signOut'),
  switchUser: intent('switchUser'),
  renew: intent('renew'),
  callApi: intent('callApi'),
  restartToUpdate: intent('restartToUpdate'),
  chooseProfile: intent('chooseProfile'),
  copyContents: intent('copyContents'),
  copyRequest: intent('copyRequest'),
  exportAttempt: intent('exportAttempt'),
  revealPid: intent('revealPid'),
  setLanguage: intent('setLanguage'),
  inspect: async () => {
    const inspection: unknown = await ipcRenderer.invoke(inspectChannel)
    const parsed = v.safeParse(inspectionSchema, inspection)
    return parsed.success ? parsed.output : null
  },
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
