// @ts-check
// A clip in its player. Where the server asks for a token, each loading needs a ticket of its own, since players send no header.

/** A ticket older than this may have expired. */
const OLD_MS = 60000;

export class Player {
  /** What it shows; '' for nothing. */
  #shown = '';
  #since = 0;

  /** @param {HTMLVideoElement} video @param {import('./connection.js').Server} server @param {(error: unknown) => void} refused */
  constructor(video, server, refused) {
    this.video = video;
    this.server = server;
    this.refused = refused;
  }

  /** Load the clip and play it. @param {string} path */
  async play(path) {
    this.#shown = path;
    if (!(await this.#load())) return;
    this.video.play().catch(() => {}); // a browser that waits for a click
  }

  /** Load what is shown; false if something else is shown by now, or it is refused. */
  async #load() {
    const path = this.#shown;
    try {
      const url = await this.server.ticketed(path);
      if (path !== this.#shown) return false;
      this.#since = performance.now();
      this.video.src = url;
      return true;
    } catch (error) {
      if (path === this.#shown) this.refused(error);
      return false;
    }
  }

  /** The player cannot go on: if its ticket may have expired, it gets another and goes on where it was. */
  async failed() {
    if (!this.#shown || !this.video.getAttribute('src')) return;
    if (!this.server.token || performance.now() - this.#since < OLD_MS) return void this.refused({ code: 'no_clip_play' });
    const { currentTime, paused } = this.video;
    if (!(await this.#load())) return;
    this.video.currentTime = currentTime;
    if (!paused) this.video.play().catch(() => {});
  }

  unload() {
    this.#shown = '';
    this.video.removeAttribute('src');
    this.video.load();
  }

  /** Give the view the shape of the clip. */
  fit() {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (width) this.video.style.setProperty('--aspect', `${width} / ${height}`);
  }
}
