import { expect, it } from 'vitest'
import { page, showings } from './hardening-table.ts'

const report = {
  suites: [
    {
      specs: [],
      suites: [
        {
          specs: [
            {
              title: '5: denies every permission',
              file: 'a.spec.ts',
              tests: [
                {
                  status: 'unexpected',
                  annotations: [{ type: 'app', description: 'installed' }],
                  results: [{ steps: [] }],
                },
              ],
            },
            {
              title: 'has no number',
              file: 'b.spec.ts',
              tests: [
                {
                  status: 'expected',
                  annotations: [],
                  results: [{ steps: [{ title: '1, 18: shows its own page' }] }],
                },
              ],
            },
          ],
        },
      ],
    },
  ],
}

it('reads the items from the names of tests and of their steps, with what came of them', () => {
  expect(showings(report)).toEqual([
    {
      items: [5],
      what: 'denies every permission',
      file: 'a.spec.ts',
      app: 'installed',
      result: 'failed',
    },
    {
      items: [1, 18],
      what: 'shows its own page',
      file: 'b.spec.ts',
      app: 'built',
      result: 'passed',
    },
  ])
})

it('says in the row of an item that it failed, or that nothing shows it', () => {
  const row = (number: number) =>
    page(showings(report))
      .split('\n')
      .find((line) => line.startsWith(`| ${number} |`))
  expect(row(18)).toContain('passed')
  expect(row(5)).toContain('failed')
  expect(row(2)).toContain('NO TEST')
})
