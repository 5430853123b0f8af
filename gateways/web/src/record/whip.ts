/** One WHIP session (RFC 9725): an offer, an answer, a connection, DELETE. */

import { problemOf, Problem, request } from "../common/api";
import { iceServers } from "./link_header";
import { listensAt, stereo } from "./sdp";

export interface Outgoing {
  video: MediaStreamTrack;
  audio: MediaStreamTrack;
  maxBitrate: number;
  /** What to give up first when the line is thin. */
  keep: "maintain-resolution" | "maintain-framerate" | "balanced";
}

const ANSWER_MS = 4_000;
const CONNECT_MS = 4_000;
const DELETE_MS = 1_500;

export class WhipSession {
  readonly peer = new RTCPeerConnection({ iceServers: [], bundlePolicy: "max-bundle" });
  private resource = "";
  private readonly video: RTCRtpTransceiver;

  constructor(
    private readonly url: string,
    private readonly token: string,
    private readonly outgoing: Outgoing,
  ) {
    const streams = [new MediaStream([outgoing.video, outgoing.audio])];
    this.peer.addTransceiver(outgoing.audio, { direction: "sendonly", streams });
    this.video = this.peer.addTransceiver(outgoing.video, {
      direction: "sendonly",
      streams,
      sendEncodings: [{ maxBitrate: outgoing.maxBitrate, maxFramerate: 30 }],
    });
    preferH264(this.video);
  }

  /** Offer, answer, connected. Raises Problem, with the port that could not be reached when it was that. */
  async connect(): Promise<void> {
    const offer = await this.peer.createOffer();
    const answer = await this.post(stereo(offer.sdp ?? ""));
    // The ICE servers are known only now; gathering begins with setLocalDescription. The gateway learns our
    // addresses from the checks themselves, so nothing waits for candidates.
    await this.peer.setLocalDescription(offer);
    await this.peer.setRemoteDescription({ type: "answer", sdp: answer });
    await this.whenConnected(listensAt(answer));
    void this.tune();
  }

  /** Send nothing from now on: what happens after Stop was pressed is nobody's business. */
  hush(): void {
    for (const sender of this.peer.getSenders()) void sender.replaceTrack(null).catch(() => undefined); // closed: silent anyway
  }

  /** Let the gateway know, then close; whether it has said that all is stored. One that does not answer is left alone. */
  async close(): Promise<boolean> {
    const resource = this.resource;
    this.resource = "";
    try {
      if (!resource) return false;
      await request(resource, { method: "DELETE", headers: this.authorization(), keepalive: true }, DELETE_MS);
      return true;
    } catch {
      return false; // it is away or has closed the session already
    } finally {
      this.peer.close();
    }
  }

  private async post(sdp: string): Promise<string> {
    const response = await request(
      this.url,
      { method: "POST", body: sdp, headers: { "content-type": "application/sdp", ...this.authorization() } },
      ANSWER_MS,
    );
    if (response.status !== 201) throw await problemOf(response);
    const location = response.headers.get("location");
    if (location) this.resource = new URL(location, response.url || this.url).href;
    const servers = iceServers(response.headers.get("link"));
    if (servers.length) this.peer.setConfiguration({ iceServers: servers, bundlePolicy: "max-bundle" });
    return response.text();
  }

  private whenConnected(where: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const refuse = (): void =>
        done(new Problem(0, `No media path to the server${where && `: ${where} cannot be reached`}.`));
      const timer = setTimeout(refuse, CONNECT_MS);
      const look = (): void => {
        const state = this.peer.connectionState;
        if (state === "connected") done();
        else if (state === "failed" || state === "closed") refuse();
      };
      const done = (problem?: Problem): void => {
        clearTimeout(timer);
        this.peer.removeEventListener("connectionstatechange", look);
        if (problem) reject(problem);
        else resolve();
      };
      this.peer.addEventListener("connectionstatechange", look);
      look();
    });
  }

  private async tune(): Promise<void> {
    const { sender } = this.video;
    const parameters = sender.getParameters() as RTCRtpSendParameters & { degradationPreference?: string };
    parameters.degradationPreference = this.outgoing.keep;
    for (const encoding of parameters.encodings) encoding.maxBitrate = this.outgoing.maxBitrate;
    try {
      await sender.setParameters(parameters);
    } catch {
      // Firefox and Safari know less; their defaults do.
    }
  }

  private authorization(): { authorization: string } {
    return { authorization: `Bearer ${this.token}` };
  }
}

/** Whether the picture is stored as it leaves this browser; else the server makes H.264 of it, a moment later. */
export const sendsH264 = (): boolean => RTCRtpSender.getCapabilities("video")?.codecs.some(isH264) ?? true;

const isH264 = ({ mimeType }: RTCRtpCodec): boolean => mimeType.toLowerCase() === "video/h264";

/** H.264 first: it is stored as it comes. Of anything else a worker makes H.264, a moment later and a little worse. */
function preferH264(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpSender.getCapabilities("video")?.codecs;
  if (!codecs || !("setCodecPreferences" in transceiver)) return;
  const rank = (codec: RTCRtpCodec): number => {
    if (!isH264(codec)) return 2;
    return codec.sdpFmtpLine?.includes("packetization-mode=1") ? 0 : 1;
  };
  transceiver.setCodecPreferences([...codecs].sort((a, b) => rank(a) - rank(b)));
}
