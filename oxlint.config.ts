import type { OxlintConfig } from 'oxlint'

/** What a file may not import: a wall of docs/architecture.md, stated once and used by every room behind it. */
interface Wall {
  readonly paths?: readonly { name: string; importNames?: string[]; message: string }[]
  readonly patterns?: readonly { group: string[]; message: string }[]
}

const noTestCode: Wall = {
  patterns: [
    {
      group: ['**/simulator/**', '**/e2e/**', '**/scripts/**', '**/test/**'],
      message: 'The app holds nothing of the simulator, the tests or the scripts.',
    },
  ],
}

const noRenderer: Wall = {
  patterns: [
    {
      group: ['**/renderer/**'],
      message: 'Main knows the renderer only through preload/contract.ts.',
    },
  ],
}

const noElectron: Wall = {
  paths: [
    { name: 'electron', message: 'This room works without Electron: pass in what it needs.' },
  ],
}

const noPlatform: Wall = {
  patterns: [
    { group: ['**/platform/**', '**/ipc.ts'], message: 'What touches Electron is passed in.' },
  ],
}

const noMain: Wall = {
  patterns: [
    {
      group: ['**/main/**', 'node:*'],
      message: 'Only preload/contract.ts is shared with main, and a page has no Node.',
    },
  ],
}

const noPreloadScript: Wall = {
  patterns: [
    { group: ['**/preload/index.ts'], message: 'The renderer shares preload/contract.ts alone.' },
  ],
}

/** The login is a package of its own: Node, three libraries and its own files are all it knows. */
const nothingAbove = (outside: string): Wall => ({
  patterns: [{ group: [outside], message: 'The login imports nothing else of this repository.' }],
})

const onlyTheDoor: Wall = {
  patterns: [
    {
      group: ['**/login/**', '!**/login/index.ts'],
      message: 'The login has one door: main/login/index.ts.',
    },
  ],
}

/** The parts of Electron that one file alone may import. */
const singleImports = ['shell', 'ipcMain', 'ipcRenderer', 'safeStorage']
const electronBut = (...allowed: string[]): Wall => ({
  paths: [
    {
      name: 'electron',
      importNames: singleImports.filter((name) => !allowed.includes(name)),
      message: 'Imported in one file only; see docs/architecture.md.',
    },
  ],
})

const room = (files: string[], ...walls: Wall[]) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      {
        paths: walls.flatMap(({ paths = [] }) => paths),
        patterns: walls.flatMap(({ patterns = [] }) => patterns),
      },
    ] as ['error', object],
  },
})

const ownClock = 'Time comes from the clock that is passed in.'
const tests = ['**/*.test.ts', '**/*.test.tsx', '**/*.test-d.ts', 'renderer/fixtures.tsx']

export default {
  plugins: ['typescript', 'react', 'jsx-a11y', 'import', 'unicorn', 'promise', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error' },
  rules: {
    'react/react-in-jsx-scope': 'off',
    'import/no-unassigned-import': 'off',
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'typescript/no-explicit-any': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/switch-exhaustiveness-check': [
      'error',
      { considerDefaultExhaustiveForUnions: true },
    ],
    'typescript/consistent-return': 'off',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'no-console': 'error',
    'unicorn/consistent-function-scoping': 'off',
  },
  overrides: [
    room(['main/**'], noTestCode, noRenderer, onlyTheDoor, electronBut()),
    room(['main/platform/browser.ts'], noTestCode, noRenderer, onlyTheDoor, electronBut('shell')),
    room(
      ['main/platform/safe-storage.ts'],
      noTestCode,
      noRenderer,
      onlyTheDoor,
      electronBut('safeStorage'),
    ),
    room(['main/ipc.ts'], noTestCode, noRenderer, onlyTheDoor, electronBut('ipcMain')),
    room(['main/session/**'], noTestCode, noRenderer, noElectron, noPlatform, onlyTheDoor),
    room(['main/doctor/**'], noTestCode, noRenderer, noElectron, noPlatform, onlyTheDoor),
    room(['main/login/*.ts'], noTestCode, noElectron, nothingAbove('../**')),
    room(['main/login/*/**'], noTestCode, noElectron, nothingAbove('../../**')),
    {
      files: ['main/**'],
      rules: {
        'max-lines-per-function': ['error', { max: 100, skipBlankLines: true, skipComments: true }],
        'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
      },
    },
    {
      files: ['main/login/**', 'main/session/**'],
      rules: {
        'no-restricted-globals': [
          'error',
          { name: 'setTimeout', message: ownClock },
          { name: 'setInterval', message: ownClock },
          { name: 'performance', message: ownClock },
          { name: 'fetch', message: 'Requests go through http.ts, with its limits.' },
        ],
      },
    },
    { files: ['main/login/base/clock.ts'], rules: { 'no-restricted-globals': 'off' } },
    room(['preload/**'], noTestCode, noRenderer, noMain, electronBut('ipcRenderer')),
    room(['preload/contract.ts'], noTestCode, noRenderer, noMain, noElectron),
    room(['renderer/**'], noTestCode, noMain, noPreloadScript, noElectron),
    {
      files: ['renderer/**'],
      rules: {
        'no-restricted-globals': [
          'error',
          { name: 'window', message: 'Only renderer/bridge.ts talks to main.' },
        ],
      },
    },
    { files: ['renderer/bridge.ts'], rules: { 'no-restricted-globals': 'off' } },
    room(['simulator/**'], {
      patterns: [
        { group: ['**/test/**', '**/e2e/**'], message: 'The simulator is a product too.' },
      ],
    }),
    {
      files: ['simulator/**'],
      excludeFiles: tests,
      rules: {
        'max-lines-per-function': ['error', { max: 100, skipBlankLines: true, skipComments: true }],
        'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
      },
    },
    {
      files: tests,
      rules: {
        'no-restricted-imports': 'off',
        'no-restricted-globals': 'off',
        'max-lines-per-function': 'off',
        'max-lines': 'off',
      },
    },
    { files: ['examples/**'], rules: { 'no-console': 'off' } },
    {
      files: ['e2e/**'],
      rules: {
        'typescript/unbound-method': 'off',
        'typescript/no-unsafe-type-assertion': 'off',
        'unicorn/no-useless-spread': 'off',
      },
    },
  ],
  ignorePatterns: ['out', 'dist', 'artifacts', 'test-results'],
} satisfies OxlintConfig
