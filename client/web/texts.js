// @ts-check
// Every text that a person reads. Another language is another object with the keys of `en`, added to LANGUAGES.

/** Minutes and seconds, as 0:07. @param {number} seconds */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 1e-6));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

const percent = (/** @type {number} */ share) => `${Math.floor(share * 100)} %`;
const stretch = (/** @type {number} */ seconds) => (seconds === 5 ? 'five seconds' : `${seconds} seconds`);
const list = (/** @type {string[]} */ words) => words.join(', ');

/** @typedef {{ window_s: number }} About what the texts of a stage have to know */

const reasons = {
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

const lossy = 'The connection loses data. Try a cable, or move closer to the access point.';

const advice = {
  no_face: 'Keep your face inside the outline, with light on it.',
  several_faces: 'Only you may be in the picture.',
  frames_missing: lossy,
  sound_missing: lossy,
  picture_damaged: lossy,
  frozen_picture: 'The camera is frozen. Unplug it, or choose another one.',
  still_mouth: 'Talk while it records.',
  digital_silence: 'The microphone is muted. Switch it on, or choose another one.',
  size_changed: 'Do not turn the phone, and keep the size of the picture fixed.',
};

const en = {
  page: {
    tagline: ({ window_s }) => `Talk to the camera. The best ${stretch(window_s)} are kept.`,
    stage: 'Picture',
    preview: 'Your camera, mirrored',
    setup: 'Set up',
    source: 'What films you',
    this_camera: 'This camera',
    other_sender: 'OBS or other sender',
    camera: 'Camera',
    microphone: 'Microphone',
    level: 'Microphone level',
    start: 'Start',
    tip_look: 'Look at the camera and keep your head calm.',
    tip_talk: 'Talk freely, and say as many different things as you can.',
    tip_stop: 'After about a minute it stops by itself.',
    name: 'Name of the session',
    name_hint: '1 to 64 letters, digits, - and _. Whoever knows the name may follow the session.',
    address: 'Address for the sender (WHIP)',
    copy: 'Copy',
    obs_service: 'In OBS open Settings, Stream. Service: WHIP. Server: the address above.',
    obs_token: 'Bearer token: the token of this server.',
    obs_no_token: 'Bearer token: leave it empty, this server asks for none.',
    obs_keyframes: 'Under Output set a keyframe interval of 1 s (2 s at most), and no B-frames.',
    obs_size: 'Under Video set 1280 × 720 or more, and 25 or 30 frames a second.',
    follow: 'Wait for the sender',
    live: 'Recording',
    progress: 'Progress',
    meters: 'The last window',
    overall: 'Overall',
    variety: 'Sound variety',
    calm: 'Calm motion',
    prompter: 'Sentences to read aloud',
    prompter_language: 'Language of the sentences',
    prompter_switch: 'Sentences to read',
    prompter_next: 'Next',
    chart: 'Every window so far',
    key_best: 'best window',
    key_ineligible: 'does not count',
    key_unscored: 'not scored',
    stop: 'Stop and keep the best',
    unfollow: 'Stop following',
    result: 'Result',
    clip: ({ window_s }) => `The best ${stretch(window_s)}`,
    use: 'Use this',
    again: 'Again',
    accepted_path: 'On the server it is in',
    downloads: 'Downloads',
    token: 'Access token',
    token_use: 'Use',
  },

  cameraName: (number) => `Camera ${number}`,
  microphoneName: (number) => `Microphone ${number}`,
  size: (width, height, fps) => `${width} × ${height}, ${Math.round(fps)} pictures a second`,
  smallSize: (width, height) => `This camera gives ${width} × ${height}. Training wants 1280 × 720: choose a better camera if you have one.`,
  copied: 'Copied',
  copyByHand: 'Press Ctrl+C',

  level: { none: 'nothing to be heard', quiet: 'quiet: say something', good: 'good', loud: 'too loud' },

  status: {
    setup: 'Sit so that your face fills the outline.',
    opening: 'Opening camera and microphone …',
    noCamera: 'The camera is not open.',
    external: 'The sender films; this page follows.',
    waiting: 'Waiting for the sender …',
    connecting: 'Waiting for the connection …',
    begin: ({ window_s }) => `Keep talking: the first score needs ${stretch(window_s)}.`,
    talk: 'Keep talking.',
    best: (time) => `Best so far at ${time}. Keep talking.`,
    noFace: 'No face to be seen: move into the outline.',
    faces: 'More than one face: only you may be in the picture.',
    silent: 'No sound: is the microphone muted?',
    quiet: 'Very quiet: speak up, or move closer to the microphone.',
    stalled: { picture: 'No picture arrives. Waiting for it …', sound: 'No sound arrives. Waiting for it …', both: 'Nothing arrives. Waiting for the connection …' },
    shaky: 'The connection is shaky. Waiting for it …',
    rtcLost: 'The connection is lost. Saving the best so far …',
    reconnecting: 'The connection to the server is lost. Trying again …',
    stopping: 'Writing the clip …',
    stoppingBecause: (why) => `Stopping: ${why} Writing the clip …`,
    ineligible: (codes) => `This does not count: ${list(codes.map((code) => reasons[code] ?? code))}.`,
    notScored: 'The server is busy: these seconds are not scored.',
  },

  warning: {
    keyframes_rare: (value) => `The sender's keyframes are ${Number(value).toFixed(0)} s apart. Set its keyframe interval to 1 or 2 s.`,
    no_sender_reports: 'The sender does not report its times; lips and sound may be some milliseconds apart.',
    behind: 'The server is busy: it looks only at what can still win.',
    loss: 'The connection lost some data: seconds with damaged pictures do not count.',
    low_resolution: (value) => `The picture arrives with ${value?.[0]} × ${value?.[1]}. Training wants 1280 × 720.`,
  },

  following: (name) => `Following ${name}`,
  noWindow: 'not scored yet',
  notScored: 'not scored',
  ineligible: 'does not count',
  bestNow: (from, to, score) => `Best so far: ${from} to ${to}, overall ${Math.round(score)}.`,
  noBest: 'Nothing to keep yet.',

  meter: {
    overall: (value, goal) => (goal ? `${Math.round(value)}; the goal is ${Math.round(goal)}` : `${Math.round(value)}, higher is better`),
    variety: (value) => `${value.toFixed(0)}, higher is better`,
    calm: (value) => `${value.toFixed(3)}, lower is calmer`,
  },

  goal: {
    score: (share) => `${percent(share)} of the goal`,
    time: (time_s, cap_s) => `${clock(time_s)} of ${clock(cap_s)} at most`,
    gain: (gain, eps) => `Another half minute may add ${percent(Math.expm1(gain))}${eps ? `; it stops at ${percent(Math.expm1(eps))}` : ''}.`,
    gainUnknown: 'How much more talking would add is not known yet.',
  },

  chart: {
    empty: 'One point a second, from the first scored window on.',
    goal: 'goal',
    overall: 'Overall',
    variety: 'Variety',
    calm: 'Calm',
    said: (scored, from, to, score) => `${scored} windows scored. The best runs from ${from} to ${to}, overall ${Math.round(score)}.`,
    none: (scored, others) => `${scored} windows scored, ${others} do not count or are not scored.`,
  },

  stopped: {
    threshold: 'this is good enough.',
    gain: 'going on would hardly bring anything better.',
    cap: 'the longest time is over.',
    ended: 'the sender has ended.',
    lost: 'nothing arrives any more.',
    shutdown: 'the server is shut down.',
  },
  stoppedAs: {
    threshold: 'It stopped by itself: this is good enough.',
    gain: 'It stopped by itself: going on would hardly bring anything better.',
    cap: 'It stopped by itself: the longest time was over.',
    ended: 'You stopped it.',
    endedOutside: 'The sender ended.',
    lost: 'It stopped since nothing arrived any more.',
    shutdown: 'It stopped since the server was shut down.',
  },

  result: {
    title: ({ window_s }) => `The best ${stretch(window_s)}`,
    failed: 'No clip this time',
    from: (from, to) => `From ${from} to ${to} of what you said.`,
    cut: 'The camera or the connection was lost; this is the best until then.',
    accepted: 'It is yours to use.',
    bundle: (trainer) => `For ${trainer}:`,
    bundleComing: 'being written, beside the clip',
    why: 'Why',
    windows: (count) => (count === 1 ? '1 window' : `${count} windows`),
    tryAgain: 'Try again',
  },

  files: {
    'clip.mp4': 'Clip, picture and sound',
    'clip.wav': 'Sound alone, 16 kHz',
    'source.mp4': 'As it arrived, not encoded again',
    'source.webm': 'As it arrived, not encoded again',
    'report.json': 'Every score',
  },

  retry: 'Try again',
  retryIn: (seconds) => `Try again in ${seconds} s`,

  // What went wrong, and what to do: [title, advice]
  problem: {
    no_camera: ['No camera found', 'Plug a camera in, switch it on, then try again.'],
    no_microphone: ['No microphone found', 'Plug a microphone in, switch it on, then try again.'],
    NotFoundError: ['No camera or no microphone found', 'Plug it in, switch it on, then try again.'],
    NotAllowedError: [
      'The browser may not use camera and microphone',
      'Click the icon to the left of the address, allow camera and microphone, then try again. If there is no such choice, allow them for the browser in the settings of your system.',
    ],
    NotReadableError: ['Camera or microphone is in use', 'Another program has it. Close that program, or choose another device, then try again.'],
    OverconstrainedError: ['This camera cannot do that', 'Choose another one.'],
    unplugged: ['Camera or microphone is gone', 'It was unplugged, or the browser took it away. Plug it in, then try again.'],
    insecure: ['This page is not secure', 'Browsers give the camera to secure pages only. Open this page by https, or as http://localhost.'],
    no_webrtc: ['This browser cannot send a camera', 'Open this page in a current Chrome, Edge, Firefox or Safari.'],
    unauthorized: ['An access token is needed', 'Whoever runs this server has it. Enter it here.'],
    wrong_token: ['That token is not right', 'Check it, or ask whoever runs this server, then enter it again.'],
    busy: ['Somebody is sending under this name', 'End that sender first, or choose another name.'],
    unsupported_media: ['The server cannot receive what this browser sends', 'It takes H.264 or VP8, and Opus. Open this page in a current Chrome, Edge, Firefox or Safari.'],
    bad_sdp: ['The server did not understand this browser', 'Reload the page, or use a current Chrome, Edge, Firefox or Safari.'],
    full: ['The server is full', 'Other people are recording. Nothing is lost: wait a moment, then try again.'],
    unreachable: ['The server does not answer', 'Check that it is running and that you are connected, then try again.'],
    gone: ['The server is gone', 'What it had of this recording may be lost. The page goes on trying; you can also stop and start again.'],
    restarted: ['The server was started anew', 'This recording is lost. Start again.'],
    not_found: ['There is no such session', 'Choose another name: 1 to 64 letters, digits, - and _.'],
    rtc: ['The connection failed', 'A firewall may block UDP between here and the server. Try another network.'],
    never_connected: ['Nothing reached the server', 'A firewall may block UDP between here and the server. Try another network, or ask whoever runs the server about a TURN server (--ice-server).'],
    no_sound: ['No sound reached the server', 'Check that the microphone is on and not muted, then try again.'],
    no_picture: ['No picture reached the server', 'Check that the camera is on and not covered, then try again.'],
    too_short: ['That was too short', 'A clip needs five seconds of talking. Try again, and talk a little longer.'],
    not_written: ['The clip could not be written', 'The disk of the server may be full. Tell whoever runs it.'],
    nothing_eligible: ['None of it can be used', 'This is what was in the way:'],
    no_clip_play: ['The clip cannot be played here', 'It is saved on the server all the same: "Use this" gives the downloads.'],
    internal: ['Something went wrong on the server', 'Try again. If it happens again, tell whoever runs the server.'],
  },
  reasons,
  advice,
};

/** @type {Record<string, typeof en>} */
const LANGUAGES = { en };

/** The language of the browser, if there are texts in it. */
export const language = navigator.languages.map((tag) => tag.split('-')[0]).find((tag) => tag in LANGUAGES) ?? 'en';
export const texts = LANGUAGES[language];

/** A text, or what a text function makes of what it has to know. @param {any} text @param {any[]} told @returns {string} */
export const say = (text, ...told) => (typeof text === 'function' ? text(...told) : (text ?? ''));
