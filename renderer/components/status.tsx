import type { ComponentProps } from 'react'

/** A place whose changes a screen reader tells when it is done with what it reads. */
export function Status(props: Omit<ComponentProps<'div'>, 'role'>) {
  return (
    // Screen readers know this role better than the element that stands for it.
    // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role
    <div role="status" {...props} />
  )
}
