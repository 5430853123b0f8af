// Reads the clock back from the frames that the viewer's player presents. Results stand in `window.loomSeen`.
() => {
  const CELLS = 30;
  const video = document.querySelector("video");
  const canvas = new OffscreenCanvas(CELLS, 1);
  const pen = canvas.getContext("2d", { willReadFrequently: true, alpha: false });
  const seen = (window.loomSeen = { samples: [], unreadable: 0, frames: 0, waits: [], last: 0 });
  video.addEventListener("waiting", () => seen.waits.push(performance.now()));

  const read = () => {
    pen.drawImage(video, 0, 0, video.videoWidth, video.videoHeight / 8, 0, 0, CELLS, 1);
    const pixels = pen.getImageData(0, 0, CELLS, 1).data;
    const bits = Array.from({ length: CELLS }, (_, cell) => (pixels[cell * 4 + 1] > 127 ? 1 : 0));
    if (bits[0] !== 1 || bits[1] !== 0) return null;
    const value = bits.slice(2, 26).reduce((sum, bit) => sum * 2 + bit, 0);
    let check = 0;
    for (let shift = 0; shift < 24; shift += 4) check ^= (value >> shift) & 15;
    return check === bits.slice(26).reduce((sum, bit) => sum * 2 + bit, 0) ? value : null;
  };

  const presented = (now, frame) => {
    const value = read();
    seen.frames++;
    if (value === null) seen.unreadable++;
    else {
      const day = 1 << 24;
      const latency = (((Date.now() % day) - value) % day + day) % day;
      seen.samples.push([Math.round(now), latency, value, frame.mediaTime]);
    }
    video.requestVideoFrameCallback(presented);
  };
  video.requestVideoFrameCallback(presented);
}
