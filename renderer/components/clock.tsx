import { useSyncExternalStore } from 'react'
import { type Texts, useTexts } from '../i18n.ts'

function everyQuarterSecond(onTick: () => void): () => void {
  const timer = setInterval(onTick, 250)
  return () => clearInterval(timer)
}

/** Seconds below which people are told that there is little time left (WCAG 2.2.1). */
export const warnBelowSeconds = 120

function secondsUntil(deadline: number, now: () => number): number {
  return Math.max(0, Math.ceil((deadline - now()) / 1000))
}

/** The whole seconds until a point of the given clock, never less than zero. */
export function useSecondsLeft(deadline: number, now: () => number): number {
  return useSyncExternalStore(everyQuarterSecond, () => secondsUntil(deadline, now))
}

/** Whether there is little time until a point of the given clock: what asks is drawn anew only when that changes. */
export function useIsShort(deadline: number, now: () => number): boolean {
  return useSyncExternalStore(
    everyQuarterSecond,
    () => secondsUntil(deadline, now) < warnBelowSeconds,
  )
}

/** Minutes and seconds, with hours when there are any. */
export function clockTime(seconds: number): string {
  const pad = (part: number) => String(part).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  return hours > 0
    ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}`
    : `${minutes}:${pad(seconds % 60)}`
}

// Dates have no Northern Sami here: they are Norwegian, and marked as such.
// Chromium has no dates in nynorsk: bokmål writes them alike, the default would be American.
const formats = { nb: ['nb-NO'], nn: ['nn-NO', 'nb-NO'], en: ['en-GB'], se: ['nb-NO'] }

/** A length of time in words: in the largest unit of which there are at least two. */
export function timeInWords(seconds: number, { language, t }: Texts): string {
  const words = (unit: 'second' | 'minute' | 'hour' | 'day', count: number) =>
    // All the languages here have these two forms; what Chromium knows of nynorsk is not asked.
    t(`unit.${unit}.${count === 1 ? 'one' : 'other'}`, {
      number: new Intl.NumberFormat(formats[language]).format(count),
    })
  const minutes = Math.round(seconds / 60)
  const hours = Math.round(seconds / 3600)
  if (seconds < 120) return words('second', seconds)
  if (minutes < 120) return words('minute', minutes)
  if (hours < 48) return words('hour', hours)
  return words('day', Math.round(seconds / 86_400))
}

/** The time of day of a point of time (Unix, in milliseconds). */
export function clockOf(at: number, { language }: Texts): string {
  return new Intl.DateTimeFormat(formats[language], { timeStyle: 'medium' }).format(new Date(at))
}

/** A point of time (Unix, in milliseconds) as the person's own clock and language show it. */
export function LocalTime({ at }: { at: number }) {
  const { language } = useTexts()
  const date = new Date(at)
  if (Number.isNaN(date.valueOf())) return null
  const format = new Intl.DateTimeFormat(formats[language], {
    dateStyle: 'medium',
    timeStyle: 'medium',
  })
  return (
    <time dateTime={date.toISOString()} lang={language === 'se' ? 'nb' : undefined}>
      {format.format(date)}
    </time>
  )
}
