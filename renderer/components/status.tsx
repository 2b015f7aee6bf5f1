import type { ReactNode } from 'react'

/** A place whose changes a screen reader tells when it is done with what it reads. */
export function Status({ className, children }: { className?: string; children: ReactNode }) {
  return (
    // Screen readers know this role better than the element that stands for it.
    // oxlint-disable-next-line jsx-a11y/prefer-tag-over-role
    <div role="status" className={className}>
      {children}
    </div>
  )
}
