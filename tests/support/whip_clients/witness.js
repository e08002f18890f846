// Notes in the page when its camera's and its microphone's samples were captured, in milliseconds of performance.now().
const witness = { corner: [], stamps: [], shown: [], blocks: [], rate: 0 };
window.witness = witness;

const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (constraints) => {
  const stream = await getUserMedia(constraints);
  const [picture] = stream.getVideoTracks();
  const [sound] = stream.getAudioTracks();
  if (picture) {
    watch(picture);
    compareClocks(picture);
  }
  if (sound) hear(sound);
  return stream;
};

async function* read(track, maxBufferSize) {
  const reader = new MediaStreamTrackProcessor({ track, maxBufferSize }).readable.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    yield value;
    value.close();
  }
}

// How bright the top left corner of every picture is; its time is the system's, in microseconds.
async function watch(track) {
  for await (const frame of read(track, 50)) {
    const rect = { x: 8, y: 8, width: 32, height: 32 };
    const planes = new Uint8Array(frame.allocationSize({ rect }));
    const [luma] = await frame.copyTo(planes, { rect });
    let sum = 0;
    for (let row = 0; row < 32; row += 1) {
      for (let column = 0; column < 32; column += 1) sum += planes[luma.offset + row * luma.stride + column];
    }
    witness.corner.push(sum / 1024);
    witness.stamps.push(frame.timestamp / 1000);
  }
}

// The same pictures' times on the page's clock.
async function compareClocks(track) {
  const video = document.createElement("video");
  video.muted = true;
  video.srcObject = new MediaStream([track]);
  const note = (now, { captureTime }) => {
    witness.shown.push(captureTime);
    if (witness.shown.length < 10) video.requestVideoFrameCallback(note);
    else video.srcObject = null;
  };
  video.requestVideoFrameCallback(note);
  await video.play();
}

async function hear(track) {
  for await (const block of read(track, 500)) {
    const samples = new Float32Array(block.numberOfFrames);
    block.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
    witness.rate = block.sampleRate;
    witness.blocks.push([block.timestamp / 1000, Array.from(samples, (sample) => Math.round(sample * 32767))]);
  }
}
