// @ts-check
// Which text belongs to what went wrong.

/** @type {Record<string, string>} Names that browsers use for the same thing. */
const SAME = { DevicesNotFoundError: 'NotFoundError', TrackStartError: 'NotReadableError', AbortError: 'NotReadableError', SecurityError: 'NotAllowedError', PermissionDeniedError: 'NotAllowedError' };
/** @type {Record<string, string>} What the server's codes mean to a person with a link. */
export const OF_LINKS = { unauthorized: 'link', forbidden: 'link', not_found: 'link', busy: 'link_busy', unreachable: 'offline', database_busy: 'unreachable', database_unreachable: 'unreachable' };
/** @type {Record<string, string>} What they mean to a person on a page of another website. */
export const OF_EMBEDS = { unauthorized: 'embed_access', forbidden: 'embed_access', not_found: 'embed_access', no_link: 'embed_access', busy: 'link_busy', database_busy: 'unreachable', database_unreachable: 'unreachable' };

/** The key of texts.errors for anything thrown. @param {import('./words.js').Texts} texts @param {any} error @param {Record<string, string>} meanings what a code means here */
export function keyOf({ errors }, error, meanings) {
  const code = meanings[error.code] ?? (error.code in errors ? error.code : (SAME[error.name] ?? error.name));
  return code in errors ? code : 'internal';
}
