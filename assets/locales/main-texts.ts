/**
 * How the keys of the texts begin that main says by itself: in dialogs, in the title of the window and on the pages in
 * the browser. What is built of main holds these and no others.
 */
export const mainTexts = [
  'app.',
  'callback.',
  'data-folder.',
  'profile-choice.',
  'window.',
] as const
