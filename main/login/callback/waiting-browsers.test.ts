import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { createTestClock, texts } from '../../../test/support/login.ts'
import { type Answers, createAnswers } from './answers.ts'
import { createWaitingBrowsers } from './waiting-browsers.ts'

/** A browser that has an answer when the test says that its connection is closed. */
function createBrowser(): ServerResponse {
  const socket = new Socket()
  const response = new ServerResponse(new IncomingMessage(socket))
  response.assignSocket(socket)
  return response
}

function begin() {
  const clock = createTestClock()
  const told: string[] = []
  const answers: Answers = {
    ...createAnswers({ texts, reference: '', onRejected: () => {} }),
    page: (_response, _status, page) => told.push(page),
    redirect: (_response, location) => told.push(location),
  }
  const browsers = createWaitingBrowsers({ clock, answers, isChecking: () => false })
  let over = false
  const finish = async () => {
    await browsers.finish('signed-in')
    over = true
  }
  const isOver = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    return over
  }
  return { browsers, clock, told, finish, isOver }
}

it('the end waits for a last page that is not out yet, and then no longer', async () => {
  const { browsers, clock, told, finish, isOver } = begin()
  const browser = createBrowser()
  browsers.arriveAtLastPage(browser)
  const done = finish()
  expect([told, await isOver()]).toEqual([['signed-in'], false])
  browser.emit('close')
  await done
  expect(clock.timers()).toEqual([])
})

it('the end does not wait for a browser that closes before it has heard where the last page is', async () => {
  const { browsers, clock, told, finish, isOver } = begin()
  const browser = createBrowser()
  browsers.sendToLastPage(browser, '/last-page', 100)
  const done = finish()
  expect([told, await isOver()]).toEqual([['/last-page'], false])
  browser.emit('close')
  await done
  expect(clock.timers()).toEqual([])
})
