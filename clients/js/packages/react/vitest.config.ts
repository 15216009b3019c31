import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["dualwire-source"] },
  ssr: { resolve: { conditions: ["dualwire-source"] } },
  test: { include: ["tests/**/*.test.{ts,tsx}"], environment: "jsdom" },
});
