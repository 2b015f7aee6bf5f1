import { statSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Runs the tests that are nearest to the broken file first: its own, then those of its folder, and the
 * small ones before the large ones. The first that fails ends the run.
 */
class NearestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const [broken = ''] = this.ctx.config.related ?? []
    const distance = ({ moduleId }: TestSpecification): number =>
      moduleId.startsWith(broken.replace(/ts$/, ''))
        ? 0
        : path.dirname(moduleId) === path.dirname(broken)
          ? 1
          : path.dirname(moduleId).startsWith(path.dirname(path.dirname(broken)))
            ? 2
            : 3
    const size = ({ moduleId }: TestSpecification): number => statSync(moduleId).size
    return files.toSorted(
      (one, other) => distance(one) - distance(other) || size(one) - size(other),
    )
  }
}

/**
 * The tests that Stryker runs; `scripts/mutations.ts` may choose some of them. Random ones are not among
 * them: they find a broken place by luck, and take long when they do not.
 */
export default defineConfig({
  test: {
    include: process.env['MUTATION_TESTS']?.split(' ') ?? ['main/**/*.test.ts'],
    exclude: ['**/*.property.test.ts'],
    testTimeout: 10_000,
    sequence: { sequencer: NearestFirst },
  },
})
