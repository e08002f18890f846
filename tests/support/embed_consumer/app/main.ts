// What a shop writes: the element by its tag, typed, with its events.
import '@take5/capture';
import type { Take5Capture, Take5State } from '@take5/capture';

const element: Take5Capture = document.createElement('take5-capture');
element.server = new URLSearchParams(location.search).get('server') ?? '';
element.addEventListener('clip', ({ detail }) => console.log(detail.files['clip.mp4'], detail.best.I.toFixed(0)));
element.addEventListener('progress', (event) => console.log(event.detail.share.toFixed(2), event.detail.text));
element.addEventListener('error', ({ detail: { code, title } }) => console.log(code, title));
const state: Take5State = element.state;
console.log(state);
document.body.append(element);
