import { errors } from 'oidc-provider'
import { asText } from './context.ts'

function resourcesIn(resource: unknown): readonly string[] {
  return asText(resource).split(' ')
}

/** Makes `aud` of the resources asked for: one audience is a text, and only several are an array. */
export function audienceOf(resource: string): string | string[] {
  const resources = resourcesIn(resource)
  return resources.length === 1 ? resource : [...resources]
}

/**
 * Checks the parameter `resource`, in which several addresses have spaces between.
 * @throws {errors.InvalidTarget} when one of them is no absolute URI.
 * @see https://www.rfc-editor.org/rfc/rfc8707#section-2
 */
export function checkResource(resource: unknown): void {
  if (resource !== undefined && !resourcesIn(resource).every((one) => URL.canParse(one))) {
    throw new errors.InvalidTarget('resource indicator must be an absolute URI')
  }
}
