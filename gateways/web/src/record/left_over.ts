/** What an earlier visit captured and could not send. */

import type { Kept } from "./kept";
import { Uplink } from "./uplink";

/** Send it; resolves at once when there is nothing. `told` hears how many seconds are left. */
export async function sendWhatIsLeft(before: Kept, told: (behindS: number) => void): Promise<void> {
  if (!Uplink.possible) return;
  let over = (): void => undefined;
  const nobody = new Promise<void>((resolve) => (over = resolve));
  const uplink = new Uplink(before, {
    connected: () => undefined,
    calledOff: () => undefined,
    lost: () => undefined,
    over: () => over(),
    failed: () => undefined,
    clock: () => undefined,
    measured: ({ behindS }) => told(behindS),
  });
  const { backlogS } = await uplink.opened;
  if (backlogS > 0) await Promise.race([uplink.finish(), nobody]);
  await uplink.close(true);
}
