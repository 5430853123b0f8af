/** What we add to an offer, and read from an answer. */

/** Opus in stereo at a rate that suits music in a shared tab; the gateway's answer repeats it. */
export function stereo(sdp: string): string {
  const type = /^a=rtpmap:(\d+) opus\/48000\/2\r?$/m.exec(sdp)?.[1];
  if (!type) return sdp;
  return sdp.replace(new RegExp(`^(a=fmtp:${type} )([^\\r\\n]*)`, "m"), (_, head: string, said: string) => {
    const kept = said.split(";").filter((item) => !/^(sprop-)?stereo=|^maxaveragebitrate=/.test(item.trim()));
    return head + [...kept, "stereo=1", "sprop-stereo=1", "maxaveragebitrate=128000"].join(";");
  });
}

/** Where the gateway listens, as its answer says: "192.0.2.1 (UDP port 40001)". */
export function listensAt(sdp: string): string {
  const found = [...sdp.matchAll(/^a=candidate:\S+ 1 udp \S+ (\S+) (\d+) typ/gim)];
  return [...new Set(found.map(([, host, port]) => `${host} (UDP port ${port})`))].join(", ");
}
