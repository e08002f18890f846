// @ts-check
// Two tabs: this camera, or another sender.

import { $ } from './dom.js';

const TABS = ['tab-camera', 'tab-sender'];

/** Tell whether the second tab is chosen, by mouse or keyboard; returns what shows a tab without telling. @param {(external: boolean) => void} chosen */
export function whenChosen(chosen) {
  for (const [index, id] of TABS.entries()) {
    $(id).addEventListener('click', () => {
      if ($(id).getAttribute('aria-selected') === 'true') return;
      select(index === 1);
      chosen(index === 1);
    });
    $(id).addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (!['ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(event.key)) return;
      const other = $(TABS[event.key === 'Home' ? 0 : event.key === 'End' ? 1 : 1 - index]);
      other.focus();
      other.click();
    });
  }
  return select;
}

/** @param {boolean} second */
function select(second) {
  TABS.forEach((id, index) => {
    const on = (index === 1) === second;
    $(id).setAttribute('aria-selected', String(on));
    $(id).tabIndex = on ? 0 : -1;
    $($(id).getAttribute('aria-controls')).hidden = !on;
  });
}
