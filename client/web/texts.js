// Every text that the page says by itself. Another language is another object of the same keys.

export const REASONS = {
  no_face: 'no face in the picture',
  several_faces: 'more than one face in the picture',
  frames_missing: 'pictures are missing',
  sound_missing: 'sound is missing',
  picture_damaged: 'the picture is damaged',
  frozen_picture: 'the picture is frozen',
  still_mouth: 'the mouth does not move',
  digital_silence: 'the sound is silent',
  size_changed: 'the picture changes its size',
};

export const ADVICE = {
  no_face: 'Stay in the outline, with light on your face.',
  several_faces: 'Only one person may be in the picture.',
  frames_missing: 'The connection loses pictures; try a cable, or move closer to the access point.',
  sound_missing: 'The connection loses sound; try a cable, or move closer to the access point.',
  picture_damaged: 'The connection loses pictures; try a cable, or move closer to the access point.',
  frozen_picture: 'The camera is frozen; unplug it, or choose another one.',
  still_mouth: 'Talk while it records.',
  digital_silence: 'The microphone is muted; switch it on, or choose another one.',
  size_changed: 'Keep the size of the picture fixed.',
};

export const STATUS = {
  setup: 'Sit so that your face fills the outline.',
  waiting: 'Waiting for the sender.',
  connecting: 'Connecting …',
  begin: 'Keep talking: the first score needs five seconds.',
  talk: 'Keep talking.',
  noFace: 'No face to be seen: move into the outline.',
  faces: 'More than one face to be seen: only you may be in the picture.',
  silent: 'Nothing to be heard: is the microphone muted?',
  quiet: 'It is very quiet: speak up, or move closer to the microphone.',
  stalled: 'Nothing arrives at the moment. Waiting for the connection …',
  stopping: 'Got it. Writing the clip …',
  ineligible: (reasons) => `These five seconds do not count: ${reasons.map((code) => REASONS[code] ?? code).join(', ')}.`,
  notScored: 'The server is busy: these five seconds are not scored.',
  best: (time) => `New best: the five seconds from ${time} on. Keep talking.`,
  reconnecting: 'The connection to the server is lost. Trying again …',
};

export const STOPPED = {
  threshold: 'It stopped because this is good enough.',
  gain: 'It stopped because going on would hardly bring anything better.',
  cap: 'It stopped because the longest time was over.',
  ended: 'It was ended.',
  lost: 'It stopped because nothing arrived any more.',
  shutdown: 'It stopped because the server was shut down.',
};

export const PROBLEMS = {
  NotFoundError: 'No camera or no microphone was found. Plug one in, then choose it here.',
  NotAllowedError: 'The browser may not use the camera and the microphone. Click the icon beside the address, allow both, then reload this page.',
  NotReadableError: 'The camera or the microphone is in use by another program. Close that program, then reload this page.',
  OverconstrainedError: 'The camera cannot do that. Choose another one.',
  insecure: 'Browsers give the camera to secure pages only. Open this page by https, or as http://localhost.',
  unauthorized: 'This server asks for an access token. Enter it below.',
  busy: 'This session has a sender already. End that one first, or choose another name.',
  unsupported_media: 'The server cannot receive what this browser sends. Try a current Chrome, Edge, Firefox or Safari.',
  full: (seconds) => `The server is full. Try again in ${seconds} s.`,
  unreachable: 'The server does not answer. Check that it is running, then try again.',
  rtc: 'The connection failed. A firewall may block UDP; try another network.',
  never_connected: 'Nothing reached the server. A firewall may block UDP between here and there; try another network.',
  no_sound: 'No sound reached the server. Check the microphone, then try again.',
  no_picture: 'No picture reached the server. Check the camera, then try again.',
  too_short: 'It was too short: one clip needs five seconds. Try again and talk a little longer.',
  not_written: 'The server could not write the clip. Tell whoever runs it.',
  internal: 'Something went wrong on the server. Tell whoever runs it, then try again.',
  nothing_eligible: (reasons) => `None of it can be used: ${Object.keys(reasons).map((code) => REASONS[code] ?? code).join(', ')}. ${advice(reasons)}`,
  low_resolution: 'The picture that arrives is small. Choose a better camera if you have one.',
};

export const RESULT = {
  title: 'The best five seconds',
  failed: 'No clip this time',
  score: (best) => `Score ${Math.round(best.I)}: variety of sounds ${best.D.toFixed(0)}, calm ${(1 - best.MC).toFixed(2)}.`,
  used: (path) => `Good choice. It is saved on the server in ${path}.`,
  notScored: 'not scored',
};

export const CHART = {
  empty: 'The score of each five seconds appears here.',
  best: (time, score) => `The best five seconds begin at ${time}, with a score of ${score}.`,
};

function advice(reasons) {
  const [first] = Object.entries(reasons).sort(([, a], [, b]) => b - a);
  return first ? ADVICE[first[0]] ?? '' : '';
}

export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
