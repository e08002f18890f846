// Numbers while it records: I, D and MC of the latest window, and the ring of progress.

const $ = (id) => document.getElementById(id);
const RING = 100;

/** Show a window's numbers; what was not scored keeps a dash. */
export function showWindow(window) {
  show('D', window?.D, window?.D?.toFixed(0));
  show('I', window?.I, window?.I?.toFixed(0));
  const calm = window?.MC == null ? null : 1 - window.MC;
  show('MC', calm, calm?.toFixed(2));
}

function show(key, value, text) {
  $(`m-${key}`).textContent = text ?? '–';
  const meter = $(`b-${key}`);
  meter.value = value ?? meter.min;
}

export function setGoal(stopAt) {
  const meter = $('b-I');
  meter.max = (stopAt ?? 1300) * 1.1;
  meter.high = stopAt ?? meter.max;
}

/** The ring: how far the best window is to the goal, or, without a goal, the time to the longest. */
export function showProgress(best, time, rules) {
  const byScore = rules.stop_at != null;
  const share = byScore ? (best?.I ?? 0) / rules.stop_at : time / rules.cap_s;
  const percent = Math.min(100, Math.floor(share * 100));
  const ring = $('ring');
  ring.setAttribute('aria-valuenow', String(percent));
  ring.setAttribute('aria-valuetext', `${percent} percent ${byScore ? 'of the goal' : 'of the time'}`);
  ring.querySelector('.value').style.strokeDasharray = `${percent} ${RING}`;
  $('ring-number').textContent = `${percent}%`;
  $('ring-label').textContent = byScore ? 'of the goal' : 'of the time';
}
