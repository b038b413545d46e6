// Takes screenshots of both dashboards, in light and dark, by Perses' components in
// Chromium:
//
//   node shoot.mjs PROMETHEUS NODE FOLDER
//
// It fails if a panel does not come up or shows an error.
import { strict as assert } from "node:assert";
import { createReadStream, existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { basename } from "node:path";
import { chromium } from "playwright-core";

const [prometheus, node, folder] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const page0 = `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>edgegauge</title><link rel="stylesheet" href="/app.css"><div id="root"></div><script type="module" src="/app.js"></script>`;
const server = createServer((request, response) => {
  const name = basename(new URL(request.url, "http://x").pathname);
  const file = [`out/${name}`, `../../manifests/dashboard/${name}`].find((f) => name.includes(".") && existsSync(f));
  if (!file) return response.writeHead(name === "" ? 200 : 404, { "content-type": "text/html" }).end(name === "" ? page0 : "");
  response.writeHead(200, { "content-type": { js: "text/javascript", css: "text/css", json: "application/json" }[name.split(".").pop()] });
  createReadStream(file).pipe(response);
}).listen(0, "127.0.0.1");
await new Promise((done) => server.once("listening", done));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
let looked = 0;
for (const mode of ["light", "dark"]) {
  for (const dashboard of ["edgegauge-fleet", "edgegauge-node"]) {
    const page = await browser.newPage({ viewport: { width: 1400, height: 2600 } });
    const errors = [];
    page.on("pageerror", (e) => errors.push(String(e)));
    page.on("console", (m) => m.type() === "error" && errors.push(m.text()));
    const query = new URLSearchParams({ dashboard, mode, prometheus, node: dashboard === "edgegauge-node" ? node : ".*", past: process.env.PAST ?? "15m" });
    await page.goto(`http://127.0.0.1:${server.address().port}/?${query}`);
    await page.waitForSelector("canvas", { timeout: 90_000 }).catch(() => assert.fail(`${dashboard}: no chart within 90 s: ${errors.slice(0, 5).join("\n")}`));
    await page.waitForLoadState("networkidle", { timeout: 60_000 }).catch(() => {});
    await page.waitForTimeout(2_000); // charts move in
    const text = await page.locator("body").innerText();
    assert.doesNotMatch(text, /An error occurred|Failed to|is not defined|Unable to find|Unable to load/i, `${dashboard}, ${mode}`);
    await page.screenshot({ path: `${folder}/${dashboard}-${mode}.png` });
    await page.screenshot({ path: `${folder}/${dashboard}-${mode}-top.png`, clip: { x: 0, y: 0, width: 1400, height: 1220 } });
    looked++;
    await page.close();
  }
}
await browser.close();
server.close();
console.log(`${looked} passed, 0 failed: screenshots in ${folder}`);
