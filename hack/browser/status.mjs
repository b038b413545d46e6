// Looks at the status pages in Chromium: on a phone and on a wide screen, in light and
// dark, with script and without. It fails when something a node chose gets out of its
// place, when a page does not fit the screen, or when axe finds a barrier.
//
//   node status.mjs URL FOLDER    FOLDER gets a screenshot of each page
import { strict as assert } from "node:assert";
import { readFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [url, folder] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
mkdirSync(folder, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

const screens = { phone: { width: 390, height: 844 }, wide: { width: 1440, height: 900 } };
const hostile = [
  "/nodes/%3Cscript%3Edocument.title%3D%27broken%27%3C/script%3E",
  "/nodes/%22%3E%3Cimg%20src=x%20onerror=%22document.title=%27broken%27%22%3E",
  "/nodes/edge-%E2%80%AEfdp.exe", "/nodes/" + "w".repeat(253), "/nodes/?name=..", "/nodes/with%20space%20and%09tab",
];
const pages = {
  overview: "/", nodes: "/nodes?sort=state", hostile: "/nodes?search=w", node: "/nodes/factory-001", expired: "/nodes/factory-003",
  missing: "/nodes/stranger", wrong: "/nodes?sort=colour",
  ...Object.fromEntries(hostile.map((path, i) => [`hostile-${i}`, path])),
};
let looked = 0;

for (const [screen, viewport] of Object.entries(screens)) {
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ viewport, colorScheme, bypassCSP: true });
    const page = await context.newPage();
    page.on("dialog", (d) => assert.fail(`${page.url()} opened a dialog: ${d.message()}`));
    page.on("pageerror", (e) => assert.fail(`${page.url()}: ${e}`));
    for (const [name, path] of Object.entries(pages)) {
      const where = `${name}, ${screen}, ${colorScheme}`;
      await page.goto(url + path);
      assert.match(await page.title(), / – edgegauge$/, where);
      assert.equal(await page.locator("script, img, iframe, object, [onerror], [onclick]").count(), 0, `${where}: something got out of its place`);
      const { content, width } = await page.evaluate(() => ({ content: document.documentElement.scrollWidth, width: innerWidth }));
      assert.ok(content <= width, `${where}: ${content} pixels of ${width}`);
      const text = await page.locator("body").innerText();
      assert.doesNotMatch(text, /[\u202a-\u202e\u2066-\u2069\u200b]/, `${where}: a character that cannot be seen`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
      assert.deepEqual(violations.map((v) => [v.id, v.nodes[0].html, v.nodes[0].failureSummary]), [], where);
      looked++;
      if (!name.startsWith("hostile-")) await page.screenshot({ path: `${folder}/status-${name}-${screen}-${colorScheme}.png` });
    }
    await context.close();
  }
}

// Without script, as they are meant to be read: searching, sorting, turning pages, and
// with the keyboard alone.
const context = await browser.newContext({ viewport: screens.wide, javaScriptEnabled: false });
const page = await context.newPage();
const leave = async (act) => {
  const before = page.url();
  await act();
  await page.waitForURL((now) => now.href !== before);
};
const follow = (link) => leave(() => link.click());
await page.goto(url);
await follow(page.getByRole("link", { name: "Nodes", exact: true }));
const total = 250 + 8 + 12;
assert.match(await page.locator(".pages").first().innerText(), new RegExp(`^1–100 of ${total}`));
await follow(page.getByRole("link", { name: "Next" }).first());
assert.match(await page.locator(".pages").first().innerText(), new RegExp(`^101–200 of ${total}`));
await follow(page.getByRole("link", { name: "Next" }).first());
assert.match(await page.locator(".pages").first().innerText(), new RegExp(`^201–${total} of ${total}`));
assert.equal(await page.getByRole("link", { name: "Next" }).count(), 0);
await follow(page.getByRole("link", { name: "Previous" }).first());
assert.match(await page.locator(".pages").first().innerText(), /^101–200/);
await page.getByLabel("State").selectOption("expired");
await page.getByLabel("Name contains").fill("FACTORY-");
await leave(() => page.keyboard.press("Enter"));
assert.match(page.url(), /search=FACTORY-/);
assert.match(await page.locator(".pages").first().innerText(), /^1–25 of 25, 270 known/);
await follow(page.getByRole("link", { name: "Last report" }));
assert.equal(await page.locator("th[aria-sort=ascending]").innerText(), "Last report ▲");
await follow(page.getByRole("link", { name: "Last report" }));
assert.equal(await page.locator("th[aria-sort=descending]").innerText(), "Last report ▼");
assert.match(await page.locator(".pages").first().innerText(), /^1–25 of 25/, "sorting keeps the search");
await follow(page.locator("tbody a").first());
assert.match(await page.locator("h1").innerText(), /^factory-/);
assert.match(await page.locator("main").innerText(), /expired/);
await page.keyboard.press("Tab");
assert.equal(await page.locator(":focus").innerText(), "Skip to the content");

await browser.close();
console.log(`${looked} looks at ${Object.keys(pages).length} pages, each on two screens in light and dark; ${looked} passed, 0 failed`);
