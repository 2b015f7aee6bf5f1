import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import { describe, expect, it } from 'vitest'
import { type Content, sbomOf } from './sbom.ts'

const content: Content = {
  app: { name: 'app', version: '1.0.0' },
  packages: [
    { name: '@scope/one', version: '1.2.3', license: 'MIT' },
    { name: 'font', version: '4.0.0', license: 'OFL-1.1' },
  ],
  runtime: { electron: '45.4.1', chrome: '150.0.1.2', node: '24.1.0' },
  date: new Date('2026-11-30T00:00:00Z'),
}

/** What the schema of CycloneDX says against a document; null when nothing. */
async function against(document: string): Promise<unknown> {
  return await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(document)
}

// To compile that schema takes a while.
describe('the list of what the app consists of', { timeout: 30_000 }, () => {
  it('is what the schema of CycloneDX wants', async () => {
    expect(await against(sbomOf(content))).toBeNull()
  })

  it('would not be with a licence that has no such name', async () => {
    expect(await against(sbomOf(content).replace('"OFL-1.1"', '"OFL"'))).not.toBeNull()
  })

  it('names each package, and Electron with what it is made of', () => {
    expect(JSON.parse(sbomOf(content))).toMatchObject({
      metadata: { component: { name: 'app', version: '1.0.0' } },
      components: [
        { purl: 'pkg:npm/%40scope/one@1.2.3', licenses: [{ license: { id: 'MIT' } }] },
        {
          purl: 'pkg:npm/electron@45.4.1',
          components: [
            { name: 'chromium', version: '150.0.1.2' },
            { name: 'node', version: '24.1.0' },
          ],
        },
        { purl: 'pkg:npm/font@4.0.0', licenses: [{ license: { id: 'OFL-1.1' } }] },
      ],
    })
  })

  it('is the same each time, in whatever order the packages come, and has no time but the given one', () => {
    const again = sbomOf({ ...content, packages: content.packages.toReversed() })
    expect(again).toBe(sbomOf(content))
    expect(again.match(/\d{4}-\d\d-\d\dT[\d:.]+Z/g)).toStrictEqual(['2026-11-30T00:00:00.000Z'])
    expect(JSON.parse(again)).not.toHaveProperty('serialNumber')
  })
})
