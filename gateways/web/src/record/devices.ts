/** Screen, camera and microphone, and clear words when they are refused. */

export interface Devices {
  cameras: MediaDeviceInfo[];
  microphones: MediaDeviceInfo[];
}

/** What is plugged in; labels are empty until a permission was given. */
export async function devices(): Promise<Devices> {
  if (!navigator.mediaDevices) return { cameras: [], microphones: [] };
  const all = await navigator.mediaDevices.enumerateDevices();
  return {
    cameras: all.filter((device) => device.kind === "videoinput"),
    microphones: all.filter((device) => device.kind === "audioinput"),
  };
}

/** The screen, window or tab the person picks, with its sound where the browser has it. Raises Error with a sentence. */
export async function screen(): Promise<MediaStream> {
  if (!navigator.mediaDevices?.getDisplayMedia) throw new Error(notHere("Screen sharing"));
  const wish: DisplayMediaStreamOptions & Record<string, unknown> = {
    video: { frameRate: { ideal: 30, max: 30 } },
    audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    systemAudio: "include",
    surfaceSwitching: "include",
  };
  return asking("the screen", () => navigator.mediaDevices.getDisplayMedia(wish));
}

/** The camera. Raises Error with a sentence. */
export async function camera(deviceId: string): Promise<MediaStream> {
  if (!navigator.mediaDevices?.getUserMedia) throw new Error(notHere("The camera"));
  const video: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
  if (deviceId) video.deviceId = { exact: deviceId };
  return asking("the camera", () => navigator.mediaDevices.getUserMedia({ video }));
}

/** The microphone. Raises Error with a sentence. */
export async function microphone(deviceId: string): Promise<MediaStream> {
  if (!navigator.mediaDevices?.getUserMedia) throw new Error(notHere("The microphone"));
  const audio: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  if (deviceId) audio.deviceId = { exact: deviceId };
  return asking("the microphone", () => navigator.mediaDevices.getUserMedia({ audio }));
}

const notHere = (what: string): string =>
  window.isSecureContext
    ? `${what} is not something this browser can give to a page.`
    : `${what} is given only to pages over https or on localhost. Open Loom by such an address.`;

async function asking(what: string, ask: () => Promise<MediaStream>): Promise<MediaStream> {
  try {
    return await ask();
  } catch (error) {
    throw new Error(words(what, error instanceof DOMException ? error.name : ""), { cause: error });
  }
}

/** What the browser's refusal means for the person. */
export function words(what: string, name: string): string {
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return `Loom may not use ${what}. Allow it in the browser’s address bar (and in the system’s privacy settings), then choose again.`;
    case "NotFoundError":
    case "OverconstrainedError":
      return `The browser finds no device for ${what}. Plug it in or choose another.`;
    case "NotReadableError":
    case "AbortError":
      return `Another program is using ${what}, or the system refuses it. Close that program, then choose again.`;
    case "InvalidStateError":
      return `The browser gives ${what} only right after a click. Choose again.`;
    default:
      return `The browser could not give ${what}.`;
  }
}
