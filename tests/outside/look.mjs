// Looks at pages in Chromium as people and their tools do, and says what is wrong, a JSON line each.
//
//   node tests/outside/look.mjs FOLDER      every *.html in it
//
// 1. axe-core, WCAG 2.2 A and AA, in light, dark and forced colours.
// 2. From 1440 px down to 320 px (1280 px at 400 %), and with wider text spacing, every fold open: nothing scrolls sideways but named regions (1.4.10, 1.4.12).
// 3. By Tab: every stop shows an outline, and the order is that of the document (2.4.7, 2.4.3).
// 4. The seal ends the page.
// 5. Printed: NAME.pdf beside each page, for whoever reads its text.
import { createRequire } from "node:module";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const folder = resolve(process.argv[2]);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const THEMES = [
  ["light", { colorScheme: "light", forcedColors: "none" }],
  ["dark", { colorScheme: "dark", forcedColors: "none" }],
  ["forced colours", { colorScheme: "light", forcedColors: "active" }],
];
const SPACING = "* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-block-end: 2em !important }";
const say = (name, where, what) => console.log(JSON.stringify({ name, where, what }));

const sideways = () => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return null;
  const wide = [...document.body.querySelectorAll("*")].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.right > width + 1 && box.width > 1 && !e.parentElement.closest(".scroller, pre, .hidden");
  });
  const said = wide.slice(0, 3).map((e) => `${e.tagName.toLowerCase()}.${e.getAttribute("class") ?? ""}`);
  return `${document.documentElement.scrollWidth} px wide: ${said.join(", ")}`;
};

async function accessible(page, name, themes) {
  for (const [theme, media] of themes) {
    await page.emulateMedia(media);
    const violations = await page.evaluate(async (tags) => {
      // In forced colours the contrast is the system's own, and computed styles still tell the author's colours.
      const forced = matchMedia("(forced-colors: active)").matches;
      const rules = { "color-contrast": { enabled: !forced } };
      const found = await window.axe.run(document, { runOnly: tags, rules, resultTypes: ["violations"] });
      return found.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => `${n.target} (${n.any.map((a) => a.message).join("; ").slice(0, 200)})`).join(" | ")}`);
    }, TAGS);
    for (const violation of violations) say(name, theme, violation);
  }
  await page.emulateMedia(THEMES[0][1]);
}

async function narrow(page, name) {
  await page.evaluate(() => document.querySelectorAll("main details").forEach((fold) => { fold.open = true; }));
  for (const width of [1440, 1024, 768, 390, 320, 360]) {
    await page.setViewportSize({ width, height: 800 });
    const found = await page.evaluate(sideways);
    if (found) say(name, `${width} px`, found);
  }
  const spaced = await page.addStyleTag({ content: SPACING });
  const found = await page.evaluate(sideways);
  if (found) say(name, "360 px, text spacing", found);
  await spaced.evaluate((style) => style.remove());
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.evaluate(() => document.querySelectorAll("main details").forEach((fold) => { fold.open = false; }));
}

// A picture of the last 900 px is a citable workpaper.
async function sealed(page, name) {
  const found = await page.evaluate(() => {
    const seal = document.querySelector(".seal")?.getBoundingClientRect();
    const end = document.documentElement.scrollHeight;
    return !seal || seal.height > 900 || Math.abs(seal.bottom + scrollY - end) > 2 ? `seal ends at ${seal?.bottom}, page at ${end}` : null;
  });
  if (found) say(name, "seal", found);
}

async function tabs(page, name) {
  await page.evaluate(() => document.activeElement?.blur?.());
  let [first, last] = [-1, -1];
  for (let stop = 0; stop < 12; stop += 1) {
    await page.keyboard.press("Tab");
    const found = await page.evaluate((last) => {
      const at = document.activeElement;
      if (!at || at === document.body) return { end: true };
      const all = [...document.querySelectorAll("*")];
      const style = getComputedStyle(at);
      const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
      const place = all.indexOf(at);
      return { place, seen, ordered: place > last, what: at.outerHTML.slice(0, 90) };
    }, last);
    if (found.end || found.place === first) break;
    if (first < 0) first = found.place;
    if (!found.seen) say(name, `Tab ${stop + 1}`, `no visible focus: ${found.what}`);
    if (!found.ordered) say(name, `Tab ${stop + 1}`, `out of order: ${found.what}`);
    last = found.place;
  }
}

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
const names = readdirSync(folder).filter((file) => file.endsWith(".html")).map((file) => file.slice(0, -5)).sort();
const queue = [...names];
// Of pages that differ in their state only, two are looked at in every theme: the component page has every state.
const alike = (name) => names.filter((other) => other.split("-")[0] === name.split("-")[0]).indexOf(name);
const worker = async () => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  await context.route(/^https?:/, (route) => { say("any", "network", route.request().url()); return route.abort(); });
  const page = await context.newPage();
  for (let name = queue.shift(); name; name = queue.shift()) {
    await page.goto(pathToFileURL(join(folder, `${name}.html`)).href);
    await page.evaluate(axe);
    await accessible(page, name, alike(name) < 2 ? THEMES : THEMES.slice(0, 1));
    await narrow(page, name);
    await sealed(page, name);
    await tabs(page, name);
    await page.evaluate(() => document.activeElement?.blur?.());
    await page.emulateMedia({ media: "print" });
    await page.pdf({ path: join(folder, `${name}.pdf`), format: "A4", preferCSSPageSize: true });
    await page.emulateMedia({ media: "screen" });
  }
};
try {
  await Promise.all([worker(), worker()]);
} finally {
  await browser.close();
}
console.log(JSON.stringify({ looked: names.length }));
