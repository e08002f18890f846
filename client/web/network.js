// @ts-check
// How the person's network is while it records, in words: what has arrived damaged says more than any estimate.

/** @typedef {import('./session.js').Session} Session @typedef {import('./words.js').Texts} Texts */

/** What a network does to a window. */
const SPOILT = new Set(['frames_missing', 'sound_missing', 'picture_damaged']);
/** After so many windows in a row, one a second, that the network has spoilt, keeping on talking will not do. */
const TOO_WEAK = 12;

/** How many windows in a row the network has spoilt, up to the latest; those that were not analysed do not tell. @param {Session} session */
function spoilt({ windows, latest }) {
  let count = 0;
  const latestFirst = [...windows.values()].sort((a, b) => b.start_s - a.start_s).filter(({ start_s }) => start_s <= (latest?.start_s ?? -1));
  for (const { eligible, reasons } of latestFirst) {
    if (eligible === false && reasons.some(({ code }) => SPOILT.has(code))) count += 1;
    else if (eligible !== null) break;
  }
  return count;
}

/** Whether hardly anything whole has arrived. @param {Session} session */
export const tooWeak = (session) => session.stalled?.cause === 'incomplete' || spoilt(session) >= TOO_WEAK;

/** What the network means for the person; nothing while it is good. @param {Texts} texts @param {Session} session @param {boolean} away nothing comes from the server */
export function ofNetwork({ network }, session, away) {
  if (session.stopped || !session.begun || session.state === 'stopping') return '';
  if (away || (session.stalled?.track === 'both' && !session.stalled.cause)) return network.away;
  if (tooWeak(session)) return network.too_weak;
  return spoilt(session) > 0 ? network.weak : '';
}
