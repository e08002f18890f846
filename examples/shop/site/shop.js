// A shop's page: its own server creates the session and hands the person's secret to this page, which gives it to the element.

const { server, session, token } = await (await fetch('recording', { method: 'POST' })).json();
await import(`${server}/take5-capture.js`);

const element = document.createElement('take5-capture');
Object.assign(element, { server, session, token });
element.addEventListener('accepted', () => say('Thank you. Your presenter will be ready tomorrow.'));
element.addEventListener('error', ({ detail }) => say(`${detail.title} (${detail.code})`));
document.getElementById('place').append(element);

function say(text) {
  document.getElementById('said').textContent = text;
}
