// Replaces what the browser would capture, so that the page under test runs as it is: a clock that a machine can read,
// or a flash with a beep. OPTIONS is put before this text: {kind: "moving" | "still" | "flash", width, height, fps}.
(() => {
  const CELLS = 30; // sync white, sync black, 24 bits of milliseconds, 4 bits of checksum
  const canvas = document.createElement("canvas");
  canvas.width = OPTIONS.width;
  canvas.height = OPTIONS.height;
  const pen = canvas.getContext("2d", { alpha: false });
  const state = (window.loomSources = { canvas, drawn: 0 });

  const drawClock = () => {
    const value = Date.now() % (1 << 24);
    let check = 0;
    for (let shift = 0; shift < 24; shift += 4) check ^= (value >> shift) & 15;
    const bits = [1, 0];
    for (let bit = 23; bit >= 0; bit--) bits.push((value >> bit) & 1);
    for (let bit = 3; bit >= 0; bit--) bits.push((check >> bit) & 1);
    const wide = canvas.width / CELLS;
    bits.forEach((bit, cell) => {
      pen.fillStyle = bit ? "#fff" : "#000";
      pen.fillRect(cell * wide, 0, wide + 1, canvas.height / 8);
    });
    state.drawn++;
  };

  const drawMoving = () => {
    pen.fillStyle = "#345";
    pen.fillRect(0, canvas.height / 8, canvas.width, canvas.height);
    const turn = performance.now() / 1000;
    for (let bar = 0; bar < 12; bar++) {
      pen.fillStyle = `hsl(${bar * 30} 70% 55%)`;
      const x = ((bar / 12 + turn / 5) % 1) * canvas.width;
      pen.fillRect(x, canvas.height / 4 + (bar * canvas.height) / 20, canvas.width / 10, canvas.height / 12);
    }
    drawClock();
  };

  const drawStill = () => {
    pen.fillStyle = "#f6f6f2";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = "#222";
    pen.font = `${canvas.height / 20}px sans-serif`;
    for (let line = 0; line < 12; line++)
      pen.fillText("The quick brown fox jumps over the lazy dog. 0123456789", 20, canvas.height * (0.22 + line * 0.06));
    drawClock();
  };

  let sound = null;
  const openSound = () => {
    if (sound) return sound;
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: 1000 });
    const gain = new GainNode(context, { gain: 0 });
    const out = new MediaStreamAudioDestinationNode(context);
    tone.connect(gain).connect(out);
    tone.start();
    let until = Math.ceil(context.currentTime / 2) * 2;
    const ahead = () => {
      for (; until < context.currentTime + 4; until += 2) {
        gain.gain.setValueAtTime(0.8, until);
        gain.gain.setValueAtTime(0, until + 0.1);
      }
    };
    ahead();
    setInterval(ahead, 1000);
    return (sound = { context, out });
  };

  const drawFlash = () => {
    const bright = sound && sound.context.currentTime % 2 < 0.1;
    pen.fillStyle = bright ? "#fff" : "#000";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    state.drawn++;
  };

  const draw = { moving: drawMoving, still: drawStill, flash: drawFlash }[OPTIONS.kind];
  const every = OPTIONS.kind === "still" ? 2000 : OPTIONS.kind === "flash" ? 10 : 1000 / OPTIONS.fps;
  // A worker's timer: the page's own are throttled when the window is hidden.
  const source = new Blob([`setInterval(() => postMessage(0), ${every})`], { type: "text/javascript" });
  new Worker(URL.createObjectURL(source)).onmessage = draw;
  draw();

  const devices = navigator.mediaDevices;
  if (!devices) return;
  const ask = devices.getUserMedia.bind(devices);
  devices.getDisplayMedia = async () => canvas.captureStream(OPTIONS.fps);
  devices.getUserMedia = async (wish) => {
    if (OPTIONS.kind !== "flash" || !wish.audio) return ask(wish);
    const stream = new MediaStream(openSound().out.stream.getAudioTracks());
    await sound.context.resume();
    if (wish.video) (await ask({ video: wish.video })).getVideoTracks().forEach((track) => stream.addTrack(track));
    return stream;
  };
})();
