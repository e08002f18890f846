// @ts-check
// The person's own link as a QR code, to go on with a phone's camera. The server draws it for the secret in the header.

import { $ } from './dom.js';
import { link } from './link.js';
import { onPhone } from './mend.js';
import { request } from './server.js';
import { stepByStep } from './steps.js';
import { texts } from './texts.js';

export class Phone {
  /** @param {(error: any) => void} failed */
  constructor(failed) {
    this.failed = failed;
    $('phone').addEventListener('click', () => ($('phone-panel').hidden ? this.open() : this.close()));
  }

  /** Whether another device can be of use. */
  get offered() {
    return stepByStep() && !onPhone;
  }

  offer() {
    $('phone-offer').hidden = $('phone-instead').hidden = !this.offered;
  }

  async open() {
    this.#show(true);
    $('phone-code').alt = texts.way.code;
    if ($('phone-code').src) return;
    try {
      const drawn = await (await request(`api/sessions/${link.name}/qr.svg`)).blob();
      $('phone-code').src = URL.createObjectURL(drawn);
    } catch (error) {
      this.close();
      this.failed(error);
    }
  }

  close() {
    this.#show(false);
  }

  /** @param {boolean} open */
  #show(open) {
    $('phone-panel').hidden = !open;
    $('phone').setAttribute('aria-expanded', String(open));
  }
}
