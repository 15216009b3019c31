import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where the game's server has the page from, so that it is there without Node. */
const SERVED = "../../../../src/dualwire/demo/static";

export default defineConfig({
  plugins: [react()],
  resolve: { conditions: ["dualwire-source", "module", "browser", "development|production"] },
  build: {
    outDir: SERVED,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      // Without hashes, so that a changed page is a change of the same files.
      output: {
        entryFileNames: "assets/play.js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/[name][extname]",
      },
    },
  },
  server: {
    proxy: {
      "/api": { target: "http://127.0.0.1:8000", ws: true },
      "/auth": "http://127.0.0.1:8000",
      "/rooms": "http://127.0.0.1:8000",
    },
  },
  test: { include: ["tests/**/*.test.{ts,tsx}"], environment: "jsdom" },
});
