/**
 * How the report looks, on a screen and on paper (A4).
 */
export const STYLE = `
:root { color-scheme: light; --good: #00664a; --bad: #a33c00; --line: #d8d8d8; --soft: #555; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 58rem; padding: 1.5rem 1rem 4rem; color: #1a1a1a; background: #fff;
  font: 16px/1.55 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
h1 { font-size: 1.8rem; margin: 0; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .6rem; padding-top: .4rem; border-top: 2px solid #1a1a1a; }
h3 { font-size: 1.05rem; margin: 1.4rem 0 .4rem; }
h1 span, h2 span, h3 span { color: var(--soft); font-weight: 500; }
[lang=en] { color: var(--soft); }
a { color: #0058a0; }
.what { margin: .3rem 0; }
.verdict { display: inline-block; margin: .4rem 0 1rem; padding: .3rem 1rem; font-size: 1.3rem; font-weight: 700;
  border: 3px solid; border-radius: .4rem; }
.verdict.good, td.good { color: var(--good); }
.verdict.bad, td.bad { color: var(--bad); font-weight: 600; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.2rem, 1fr)); gap: .6rem; }
.tile { border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .8rem; line-height: 1.3; }
.tile b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.tile span { display: block; font-size: .85rem; }
.tile.good b { color: var(--good); } .tile.bad b { color: var(--bad); }
ul.statements { list-style: none; padding: 0; }
ul.statements li { display: flex; gap: .7rem; margin: .5rem 0; }
ul.statements i { font-style: normal; font-weight: 700; width: 1.2rem; flex: none; text-align: center; }
ul.statements p { margin: 0; }
li.good i { color: var(--good); } li.bad i { color: var(--bad); } li.bad p { font-weight: 600; }
ul.limits { font-size: .92rem; padding-left: 1.2rem; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 1rem; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .5rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
table.pairs th { width: 38%; font-weight: 500; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
table.plan .number { font-weight: 700; }
tr:has(+ tr.reason) td { border-bottom: 0; }
tr.reason td { padding-top: 0; color: var(--soft); }
.small, table.small { font-size: .8rem; }
figure { margin: 1.2rem 0; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { font-size: .88rem; margin-top: .2rem; }
footer { margin-top: 3rem; border-top: 2px solid #1a1a1a; font-size: .9rem; }
.signatures { display: grid; grid-template-columns: repeat(3, 1fr); gap: 2rem; margin-top: 4rem; }
.signatures span { border-top: 1px solid #1a1a1a; padding-top: .3rem; }
@media (max-width: 40rem) { table { display: block; overflow-x: auto; } .signatures { grid-template-columns: 1fr; } }
@media print {
  @page { size: A4; margin: 16mm 14mm; }
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  figure, table, li, .tiles { break-inside: avoid; }
  table.small { break-inside: auto; }
  h2, h3 { break-after: avoid; }
  a { color: inherit; text-decoration: none; }
}
`;
