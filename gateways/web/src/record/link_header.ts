/** ICE servers in `Link` headers (RFC 9725, section 4.6; syntax of RFC 8288). */

/** Every link with rel="ice-server"; what cannot be read is left out. */
export function iceServers(header: string | null): RTCIceServer[] {
  const servers: RTCIceServer[] = [];
  for (const [, url, rest] of (header ?? "").matchAll(/<([^>]*)>((?:[^",]|"(?:[^"\\]|\\.)*")*)/g)) {
    const says = parameters(rest ?? "");
    if (says.get("rel") !== "ice-server" || !/^(stun|turn)s?:/.test(url ?? "")) continue;
    const server: RTCIceServer = { urls: url! };
    if (says.has("username")) server.username = says.get("username")!;
    if (says.has("credential")) server.credential = says.get("credential")!;
    servers.push(server);
  }
  return servers;
}

function parameters(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, key, quoted, plain] of text.matchAll(/;\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))/g))
    found.set(key!.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "");
  return found;
}
