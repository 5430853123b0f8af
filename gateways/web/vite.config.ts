import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const doors = ["/api", "/hls", "/s/", "/whip", "/ingest", "/health"];
const SMALLEST = 1024; // below, compressing saves nothing that a packet would notice

/** Beside every script and style its compressed forms, which the API door offers to who accepts them. */
const compressed: Plugin = {
  name: "compressed",
  apply: "build",
  async writeBundle({ dir }, bundle) {
    const names = Object.keys(bundle).filter((name) => /\.(js|css|svg)$/.test(name));
    await Promise.all(
      names.map(async (name) => {
        const path = join(dir!, name);
        const data = await readFile(path);
        if (data.length < SMALLEST) return;
        await writeFile(`${path}.gz`, await promisify(gzip)(data, { level: 9 }));
        await writeFile(`${path}.br`, await promisify(brotliCompress)(data));
      }),
    );
  },
};

/** Three pages; the API door serves them from dist/, /watch/{id} with OpenGraph in place of its marker. */
export default defineConfig({
  plugins: [compressed],
  build: {
    target: "es2022",
    rollupOptions: { input: ["index.html", "record.html", "watch.html"] },
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: Object.fromEntries(doors.map((path) => [path, { target: "http://127.0.0.1:8080", ws: true }])) },
});
