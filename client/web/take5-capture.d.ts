/** Where a person is. `docs/embedding.md` describes each state. */
export type Take5State =
  | 'loading'
  | 'consent'
  | 'refused'
  | 'idle'
  | 'opening'
  | 'ready'
  | 'recording'
  | 'stopping'
  | 'following'
  | 'review'
  | 'accepted'
  | 'failed'
  | 'error';

/** The camera is open. */
export interface Take5Ready {
  width?: number;
  height?: number;
  frame_rate?: number;
}

/** The scores of a window. */
export interface Take5Score {
  start_s: number;
  I: number;
  D: number;
  MC: number;
  views: number;
}

/** An event of the server, with the keys that `docs/events.md` documents, and those of later servers. */
export interface Take5ServerEvent {
  type: string;
  v: number;
  time_s: number;
  [key: string]: any;
}

export interface Take5Best extends Take5ServerEvent {
  best: Take5Score;
}

export interface Take5Progress extends Take5ServerEvent {
  /** How far the recording is, from 0 to 1. */
  share: number;
  /** The same in words, in the person's language. */
  text: string;
}

export interface Take5Stopped extends Take5ServerEvent {
  rule: string;
}

export interface Take5Clip extends Take5ServerEvent {
  start_s: number;
  end_s: number;
  best: Take5Score;
  /** Addresses by name, relative to the server; they need the person's secret. */
  files: Record<string, string>;
  accepted: boolean;
}

/** Who has agreed to the session's text, and when; `sha256` is that of the text in UTF-8. */
export interface Take5Consented {
  name: string;
  time: string;
  version: string | null;
  sha256: string;
  [key: string]: any;
}

/** Something is in the way, or there is no clip. */
export interface Take5Problem {
  code: string;
  title: string;
  advice: string;
}

export interface Take5EventMap {
  consented: CustomEvent<Take5Consented>;
  refused: CustomEvent<object>;
  ready: CustomEvent<Take5Ready>;
  best: CustomEvent<Take5Best>;
  progress: CustomEvent<Take5Progress>;
  stopped: CustomEvent<Take5Stopped>;
  clip: CustomEvent<Take5Clip>;
  accepted: CustomEvent<Take5Clip>;
  error: CustomEvent<Take5Problem>;
}

export class Take5Capture extends HTMLElement {
  /** The server's address; by default where the module was loaded from. */
  server: string;
  /** The session's id. */
  session: string;
  /** The person's secret. Set as a property it is in no attribute. */
  token: string;
  /** Open the camera and record at once. */
  autostart: boolean;
  readonly state: Take5State;

  /** Open the camera, to set up. None of the methods rejects: what goes wrong is an `error` event. */
  open(): Promise<void>;
  /** Record; the camera is opened first, if it is not open. */
  start(): Promise<void>;
  /** End the recording with the best so far; before one, close the camera. */
  stop(): Promise<void>;
  /** Use the clip. */
  accept(): Promise<void>;

  addEventListener<K extends keyof Take5EventMap>(
    type: K,
    listener: (this: Take5Capture, event: Take5EventMap[K]) => any,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof Take5EventMap>(
    type: K,
    listener: (this: Take5Capture, event: Take5EventMap[K]) => any,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'take5-capture': Take5Capture;
  }
}
