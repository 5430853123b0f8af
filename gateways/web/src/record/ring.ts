/** A thin light ring around the camera's circle, so that it stands out on any screen. */

import type { Box } from "./layout";

export function ring(pen: OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D, to: Box): void {
  const width = Math.max(2, to.width / 60);
  pen.lineWidth = width;
  pen.strokeStyle = "rgb(255 255 255 / 90%)";
  pen.beginPath();
  pen.arc(to.x + to.width / 2, to.y + to.height / 2, (to.width - width) / 2, 0, 2 * Math.PI);
  pen.stroke();
}
