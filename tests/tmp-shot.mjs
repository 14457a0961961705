import { chromium } from 'playwright-core';
const [, , file, out] = process.argv;
const b = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const p = await b.newPage({ viewport: { width: 1000, height: 1300 } });
p.on('console', (m) => console.log('console', m.text()));
await p.goto('file://' + file);
const h = await p.evaluate(() => document.documentElement.scrollHeight);
let i = 0;
for (let y = 0; y < h; y += 1250)
  await p.screenshot({
    path: `${out}-${i++}.png`,
    fullPage: true,
    clip: { x: 0, y, width: 1000, height: Math.min(1300, h - y) },
  });
await p.pdf({ path: out + '.pdf', format: 'A4', printBackground: true });
const m = await b.newPage({ viewport: { width: 380, height: 700 } });
await m.goto('file://' + file);
console.log('height', h, 'mobile width', await m.evaluate(() => document.documentElement.scrollWidth));
await b.close();
