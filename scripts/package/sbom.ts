import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library'
import type { BundledPackage } from '../build/bundled-packages.ts'

/** The runtime, as it says of itself. */
export interface RuntimeVersions {
  readonly electron: string
  readonly chrome: string
  readonly node: string
}

export interface Content {
  readonly app: { readonly name: string; readonly version: string }
  readonly packages: readonly Pick<BundledPackage, 'name' | 'version' | 'license'>[]
  readonly runtime: RuntimeVersions
  readonly date: Date
}

/** Tells what the app consists of as a CycloneDX document, which is the same each time for the same content. */
export function sbomOf({ app, packages, runtime, date }: Content): string {
  const electron = npmComponent({ name: 'electron', version: runtime.electron, license: 'MIT' })
  electron.type = Enums.ComponentType.Framework
  electron.components = new Models.ComponentRepository([
    platform('chromium', runtime.chrome, 'google:chrome'),
    platform('node', runtime.node, 'nodejs:node.js'),
  ])
  const components = [electron, ...packages.map((bundled) => npmComponent(bundled))]
  const purl = `pkg:generic/${app.name}@${app.version}`
  const component = new Models.Component(Enums.ComponentType.Application, app.name, {
    version: app.version,
    bomRef: purl,
    purl,
    licenses: licence('MIT'),
    dependencies: new Models.BomRefRepository(components.map(({ bomRef }) => bomRef)),
  })
  const bom = new Models.Bom({
    metadata: new Models.Metadata({ timestamp: date, component }),
    components: new Models.ComponentRepository(components),
  })
  const normalizers = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6)
  const json = new Serialize.JsonSerializer(normalizers).serialize(bom, {
    sortLists: true,
    space: 2,
  })
  return `${json}\n`
}

function npmComponent({ name, version, license }: Content['packages'][number]): Models.Component {
  const [, group, rest = name] = /^(@[^/]+)\/(.+)$/.exec(name) ?? []
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
  return new Models.Component(Enums.ComponentType.Library, rest, {
    ...(group === undefined ? {} : { group }),
    version,
    bomRef: purl,
    purl,
    licenses: licence(license),
  })
}

/** What Electron is made of, named as in the databases of vulnerabilities. */
function platform(name: string, version: string, product: string): Models.Component {
  const purl = `pkg:generic/${name}@${version}`
  return new Models.Component(Enums.ComponentType.Platform, name, {
    version,
    bomRef: purl,
    purl,
    cpe: `cpe:2.3:a:${product}:${version}:*:*:*:*:*:*:*`,
  })
}

const licence = (id: string): Models.LicenseRepository =>
  new Models.LicenseRepository([new Models.SpdxLicense(id)])
