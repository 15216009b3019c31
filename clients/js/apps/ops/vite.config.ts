import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where a node has the page from, so that it is there without Node. */
const SERVED = "../../../../src/dualwire/http/ops_page";

export default defineConfig({
  plugins: [react()],
  // Whatever path the page is mounted at.
  base: "./",
  build: {
    outDir: SERVED,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      // Without hashes, so that a changed page is a change of the same files.
      output: {
        entryFileNames: "assets/ops.js",
        chunkFileNames: "assets/[name].js",
        assetFileNames: "assets/[name][extname]",
      },
    },
  },
  server: {
    proxy: { "/api": "http://127.0.0.1:8000", "/monitoring": "http://127.0.0.1:8000" },
  },
  test: { include: ["tests/**/*.test.{ts,tsx}"] },
});
