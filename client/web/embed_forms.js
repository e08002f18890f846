// @ts-check
// What a person fills in or chooses in <take5-capture>: consent, camera and microphone, the clip's length, sentences to read.

import { make, put } from './elements.js';

/** @typedef {import('./words.js').Texts} Texts */
/** @typedef {<T extends Element>(element: T, name: string) => T} Part notes an element as a part by its name */

/** The text to agree to, the person's name, and the answer. @param {Part} part @param {Record<string, () => void>} actions */
export function consentForm(part, actions) {
  const form = part(make('form', '', { class: 'form', part: 'consent' }), 'consent');
  const text = part(make('div', '', { class: 'consent-text', part: 'consent-text', role: 'region', tabindex: '0' }), 'consent-text');
  const label = part(make('label', '', { for: 'name' }), 'name-label');
  const name = part(make('input', '', { id: 'name', part: 'name', autocomplete: 'name', maxlength: '256', required: '' }), 'name');
  const check = make('label', '', { class: 'check' });
  const yes = part(make('input', '', { type: 'checkbox', part: 'yes', required: '' }), 'yes');
  check.append(yes, part(make('span'), 'yes-label'));
  const buttons = make('div', '', { class: 'buttons', part: 'buttons' });
  const agree = /** @type {HTMLButtonElement} */ (part(make('button', '', { class: 'primary', part: 'button primary agree' }), 'agree'));
  const refuse = part(make('button', '', { type: 'button', part: 'button refuse' }), 'refuse');
  buttons.append(agree, refuse);
  form.append(text, part(make('p', '', { class: 'hint', part: 'consent-version' }), 'consent-version'), label, name, check, buttons);
  form.addEventListener('input', () => complete(form));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    actions.agree();
  });
  refuse.addEventListener('click', actions.refuse);
  return form;
}

/** Let the person agree once everything is filled in. @param {Element} form */
export function complete(form) {
  const [name, yes] = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll('input'));
  const [agree] = form.querySelectorAll('button');
  agree.disabled = !yes.checked || name.value.trim() === '';
}

/** Cameras, microphones and lengths. @param {Part} part */
export function choices(part) {
  const all = [];
  for (const [group, names] of Object.entries({ lengths: ['length'], devices: ['camera', 'microphone'] })) {
    const made = part(make('div', '', { class: 'form', part: group }), group);
    made.append(...names.map((name) => choice(part, name)));
    all.push(made);
  }
  return all;
}

/** @param {Part} part @param {string} name */
function choice(part, name) {
  const group = part(make('div', '', { class: 'choice' }), `${name}-group`);
  group.append(part(make('label', '', { for: name }), `${name}-label`), part(make('select', '', { id: name, part: `select ${name}` }), name));
  return group;
}

/** Sentences to read, as the page shows them: above the picture, and so near the camera. @param {Part} part */
export function prompter(part) {
  const outer = part(make('div'), 'prompting');
  const group = part(make('div', '', { class: 'prompter', part: 'prompter', role: 'group' }), 'prompter');
  const text = part(make('div', '', { class: 'prompter-text', part: 'prompter-text' }), 'prompter-text');
  text.append(part(make('p', '', { class: 'now', 'aria-live': 'polite' }), 'prompter-now'), part(make('p', '', { class: 'after', 'aria-hidden': 'true' }), 'prompter-after'));
  const controls = make('div', '', { class: 'prompter-controls' });
  controls.append(
    part(make('button', '', { type: 'button', role: 'switch', 'aria-checked': 'false', part: 'prompter-on' }), 'prompter-on'),
    part(make('select', '', { part: 'prompter-language' }), 'prompter-language'),
    part(make('button', '', { type: 'button', part: 'prompter-next' }), 'prompter-next'),
  );
  group.append(text, controls);
  outer.append(group);
  return outer;
}

/** Put the words of a language into all of these. @param {Record<string, any>} parts @param {Texts} texts */
export function speak(parts, { page }) {
  const words = {
    'name-label': page.consent_name, 'yes-label': page.consent_yes, agree: page.consent_agree, refuse: page.consent_refuse, back: page.refused_back,
    'camera-label': page.camera, 'microphone-label': page.microphone, 'length-label': page.length, 'prompter-on': page.prompter_switch, 'prompter-next': page.prompter_next,
  };
  for (const [name, text] of Object.entries(words)) put(parts[name], text ?? '');
  const labels = { 'consent-text': page.consent_text, prompter: page.prompter, 'prompter-language': page.prompter_language };
  for (const [name, label] of Object.entries(labels)) if (label) parts[name].setAttribute('aria-label', label);
}
