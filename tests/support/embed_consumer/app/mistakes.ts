// What the types keep a shop from.
import type { Take5Capture } from '@take5/capture';

export function mistakes(element: Take5Capture) {
  // @ts-expect-error: the state is the element's own
  element.state = 'ready';
  // @ts-expect-error: there is no such detail
  element.addEventListener('ready', ({ detail }) => detail.files);
  // @ts-expect-error: it takes no argument
  element.start('now');
}
