// @ts-check
// Which browser this is, on which system: what mends a problem differs between them.

/**
 * @typedef {'chrome' | 'edge' | 'firefox' | 'safari' | 'other'} Browser
 * @typedef {'windows' | 'macos' | 'android' | 'ios' | 'linux' | 'other'} System
 * @typedef {{ userAgent: string, maxTouchPoints?: number, userAgentData?: { brands?: { brand: string }[], platform?: string } }} Told what a browser tells of itself
 */

/** @type {[RegExp, Browser][]} */
const BRANDS = [[/Edge/, 'edge'], [/Opera|Samsung|Yandex/, 'other'], [/Chrome|Chromium/, 'chrome']];
/** @type {[RegExp, System][]} */
const PLATFORMS = [[/Windows/, 'windows'], [/mac/i, 'macos'], [/Android/, 'android'], [/iOS/, 'ios'], [/Linux|Chrom(e|ium) ?OS/, 'linux']];
/** Each pretends to be those below it. @type {[RegExp, Browser][]} */
const BROWSERS = [
  [/Edg(e|A|iOS)?\//, 'edge'],
  [/OPR\/|OPT\/|SamsungBrowser|YaBrowser|MicroMessenger/, 'other'],
  [/Firefox\/|FxiOS\//, 'firefox'],
  [/Chrome\/|Chromium\/|CriOS\//, 'chrome'],
  [/Version\/.* Safari\//, 'safari'],
];
/** @type {[RegExp, System][]} */
const SYSTEMS = [[/iPhone|iPad|iPod/, 'ios'], [/Android/, 'android'], [/Windows/, 'windows'], [/Macintosh/, 'macos'], [/Linux|X11|CrOS/, 'linux']];

/** @param {Told} told @returns {{ browser: Browser, system: System }} */
export function detect({ userAgent, maxTouchPoints = 0, userAgentData }) {
  const brands = (userAgentData?.brands ?? []).map(({ brand }) => brand).join(' ');
  const browser = first(BRANDS, brands) ?? first(BROWSERS, userAgent) ?? 'other';
  const system = first(PLATFORMS, userAgentData?.platform ?? '') ?? first(SYSTEMS, userAgent) ?? 'other';
  const tablet = system === 'macos' && maxTouchPoints > 1; // an iPad asks for the pages of a Mac
  return { browser, system: tablet ? 'ios' : system };
}

/** @template T @param {[RegExp, T][]} table @param {string} text */
const first = (table, text) => table.find(([pattern]) => pattern.test(text))?.[1];

export const isPhone = (/** @type {System} */ system) => system === 'android' || system === 'ios';
