// @ts-check
// How <take5-capture> looks, as a sheet that the strictest style-src allows. Its colours follow the page's color-scheme.

const CSS = `
:host {
  --_accent: var(--take5-accent, #0b6b63); --_on-accent: var(--take5-on-accent, #fff); --_ground: var(--take5-background, #fff);
  --_ink: var(--take5-text, #13201d); --_soft: var(--take5-soft, #52625e); --_line: var(--take5-line, #dbe2df);
  --_bad: var(--take5-bad, #a8231a); --_gold: var(--take5-gold, #e09a1a); --_ring: var(--take5-ring, #4fe0cd);
  --_radius: var(--take5-radius, 16px);
  display: block; color: var(--_ink); background: var(--_ground); overflow-wrap: anywhere;
  font: var(--take5-font, 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", sans-serif);
}
@supports (color: light-dark(#000, #fff)) {
  :host {
    --_accent: var(--take5-accent, light-dark(#0b6b63, #2fd3c0)); --_on-accent: var(--take5-on-accent, light-dark(#fff, #05211e));
    --_ground: var(--take5-background, light-dark(#fff, #151d1b)); --_ink: var(--take5-text, light-dark(#13201d, #ebf2ef));
    --_soft: var(--take5-soft, light-dark(#52625e, #a6b6b1)); --_line: var(--take5-line, light-dark(#dbe2df, #2a3633));
    --_bad: var(--take5-bad, light-dark(#a8231a, #ffa79f)); --_gold: var(--take5-gold, light-dark(#e09a1a, #f0ac35));
  }
}
:host([hidden]), [hidden] { display: none !important; }
*, ::before, ::after { box-sizing: border-box; }
section { display: grid; gap: 12px; }
h2, p, ul { margin: 0; }
h2 { font-size: 1.2em; line-height: 1.3; }
h2:focus { outline: none; }
.frame { position: relative; aspect-ratio: var(--aspect, 16 / 9); overflow: hidden; border-radius: var(--_radius); background: #0b1211; }
video { display: block; width: 100%; height: 100%; object-fit: contain; }
.frame[data-facing="user"] .preview { transform: scaleX(-1); }
.guide { position: absolute; inset: 0; width: 100%; height: 100%; fill: none; stroke: #fffc; stroke-width: .7; stroke-dasharray: 2.4 1.9; stroke-linecap: round; }
.clock { position: absolute; left: 12px; top: 12px; padding: 3px 12px; border-radius: 99px; background: #000b; color: #fff; font-weight: 600; font-variant-numeric: tabular-nums; }
.clock::before { content: ""; display: inline-block; width: 10px; height: 10px; margin-right: 8px; border-radius: 50%; background: #ff5a4d; }
.ring { position: absolute; right: 12px; top: 12px; width: clamp(52px, 12%, 96px); }
.ring circle { fill: none; stroke-width: 9; }
.ring .back { fill: #000b; }
.ring .track { stroke: #fff3; }
.ring .value { stroke: var(--_ring); stroke-linecap: round; stroke-dasharray: 0 100; transform: rotate(-90deg); transform-origin: center; transition: stroke-dasharray .6s; }
.ring text { fill: #fff; font-size: 27px; font-weight: 700; text-anchor: middle; dominant-baseline: central; }
.coach { position: absolute; inset: auto 0 12px; text-align: center; padding-inline: 12px; }
.coach span:not(:empty) { display: inline-block; padding: 6px 16px; border-radius: 12px; background: #000c; color: #fff; font-size: 1.15em; font-weight: 650; line-height: 1.3; }
.coach[data-kind="good"] span { color: #6ff0df; }
.status { font-weight: 600; font-size: 1.08em; line-height: 1.35; min-height: 1.35em; }
.hint { color: var(--_soft); }
.caption { display: flex; justify-content: space-between; gap: 12px; }
.caption :last-child { color: var(--_soft); }
.bar { height: 10px; border-radius: 99px; background: var(--_line); overflow: hidden; }
.bar span { display: block; height: 100%; background: var(--_accent); transform: scaleX(0); transform-origin: left; }
.bar[data-loud="true"] span { background: var(--_gold); }
.problem { padding: 12px 16px; border: 1px solid var(--_bad); border-radius: var(--_radius); }
.problem strong { color: var(--_bad); }
.reasons { padding: 0; list-style: none; display: grid; gap: 8px; }
.reasons strong, .reasons span { display: block; }
.reasons span { color: var(--_soft); }
.buttons { display: flex; flex-wrap: wrap; gap: 12px; }
button { flex: 1 1 10em; font: inherit; font-weight: 650; padding: 12px 18px; border-radius: calc(var(--_radius) * .75); border: 1px solid var(--_soft); background: none; color: inherit; cursor: pointer; }
button.primary { background: var(--_accent); border-color: var(--_accent); color: var(--_on-accent); }
button:disabled { opacity: .5; cursor: default; }
.form { display: grid; gap: 10px; }
.choice { display: grid; gap: 4px; }
.consent-text { max-height: 40vh; overflow-y: auto; white-space: pre-wrap; padding: 12px 14px; border: 1px solid var(--_soft); border-radius: calc(var(--_radius) * .75); }
input:not([type="checkbox"]), select { width: 100%; font: inherit; padding: 10px 12px; border: 1px solid var(--_soft); border-radius: calc(var(--_radius) * .6); background: var(--_ground); color: inherit; }
.check { display: flex; align-items: center; gap: 12px; min-height: 44px; }
.check input { width: 24px; height: 24px; flex: none; accent-color: var(--_accent); }
.prompter { display: grid; gap: 8px; padding: 12px 16px; border-radius: var(--_radius); background: #0b1211; color: #f3f8f6; }
.prompter-text { text-align: center; text-wrap: balance; cursor: pointer; }
.now { font-size: 1.3em; font-weight: 650; line-height: 1.25; min-height: 2.5em; display: grid; align-content: center; }
.after { color: #9fb3ad; min-height: 1.5em; }
.prompter-controls { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
.prompter-controls :is(button, select) { flex: none; width: auto; padding: 6px 12px; font-size: .9em; font-weight: 500; background: #1b2624; color: #f3f8f6; border-color: #5d6f6a; }
.prompter-controls [aria-checked="true"]::before { content: "\\2713\\00a0"; }
.prompter-controls [part="prompter-next"] { margin-left: auto; }
.prompter[data-on="false"] :is(.prompter-text, select, [part="prompter-next"]) { display: none; }
.prompter :focus-visible { outline-color: #2fd3c0; }
:focus-visible { outline: 3px solid var(--_accent); outline-offset: 2px; }
:is(.status, .hint, .buttons):empty { display: none; }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
`;

/** @type {CSSStyleSheet | null} */
let sheet = null;

/** @param {ShadowRoot} root */
export function dress(root) {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  root.adoptedStyleSheets = [sheet];
}
