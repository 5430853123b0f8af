import { defineConfig } from "vite";

const doors = ["/api", "/hls", "/whip", "/health"];

/** Three pages; the API door serves them from dist/, /watch/{id} with OpenGraph in place of its marker. */
export default defineConfig({
  build: {
    target: "es2022",
    rollupOptions: { input: ["index.html", "record.html", "watch.html"] },
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: Object.fromEntries(doors.map((path) => [path, "http://127.0.0.1:8080"])) },
});
