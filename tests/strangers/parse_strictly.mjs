// Reads a JSON list of playlists from standard input; prints a JSON list of what hls-parser, in strict mode, dislikes.
import { readFileSync } from "node:fs";
import HLS from "hls-parser";

HLS.setOptions({ strictMode: true });
const said = [];
for (const text of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    HLS.parse(text);
    said.push("");
  } catch (error) {
    said.push(String(error.message ?? error));
  }
}
console.log(JSON.stringify(said));
