// @ts-check
// The words of an element on another website's page: from the server's texts, which pages of every origin may read.

import { preferred, Words } from './words.js';

/** @typedef {import('./words.js').Texts} Texts */

/** What a server has texts in, where it does not tell this page. */
const USUAL = ['en', 'zh-Hans'];

/** What is said where there are no texts, since the server does not answer. */
const WITHOUT = {
  language: 'en',
  errors: { unreachable: { title: 'The server does not answer', advice: 'Check that you are connected, then try again.' }, internal: { title: 'Something went wrong', advice: '' } },
  controls: { retry: 'Try again', retry_in: 'Try again in {seconds} s' },
  embed: {}, page: {}, status: {}, phrases: {},
};

export const noWords = new Words(/** @type {any} */ (WITHOUT));

/** @param {import('./connection.js').Server} server @param {string[]} asked languages, preferred first @param {string[] | undefined} languages that the server has */
export async function wordsIn(server, asked, languages = USUAL) {
  const language = preferred([...asked, ...navigator.languages].filter(Boolean), languages) ?? 'en';
  const answer = await fetch(server.address(`texts/${language}.json`));
  if (!answer.ok) throw new Error(answer.statusText);
  return new Words(/** @type {Texts} */ (await answer.json()));
}
