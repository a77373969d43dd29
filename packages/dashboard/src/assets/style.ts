/** The look of all pages: the reader's own light or dark, a menu at the left, tables that scroll by themselves. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f3f5f8; --text: #1b1f24; --quiet: #565f6b; --line: #d3d9e0; --link: #0b57c4;
  --good: #116329; --busy: #7a4d00; --bad: #b42318; --rest: #565f6b; --focus: #0b57c4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171b; --raised: #1e2329; --text: #e6e9ed; --quiet: #a3adb8; --line: #39424d; --link: #82b4ff;
    --good: #6fd18c; --busy: #f0bd5b; --bad: #ff9a8f; --rest: #a3adb8; --focus: #82b4ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 0.9375rem/1.45 system-ui, sans-serif; }
a { color: var(--link); }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 1px; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 0.5rem; top: 0.5rem; background: var(--ground); padding: 0.5rem; z-index: 1; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
header { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; padding: 0.5rem 1rem; background: var(--raised); border-bottom: 1px solid var(--line); }
header p, header form { margin: 0; }
.brand a { font-weight: 700; color: inherit; text-decoration: none; }
.user { margin-left: auto; color: var(--quiet); overflow-wrap: anywhere; }
.columns { display: flex; align-items: flex-start; }
nav { flex: 0 0 18rem; padding: 0.5rem 1rem; border-right: 1px solid var(--line); align-self: stretch; }
nav h2 { font-size: 0.8125rem; color: var(--quiet); margin: 0.75rem 0 0.125rem; overflow-wrap: anywhere; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav a { display: block; padding: 0.125rem 0.5rem; border-radius: 0.25rem; text-decoration: none; overflow-wrap: anywhere; }
nav a:hover { text-decoration: underline; }
nav a[aria-current] { background: var(--raised); font-weight: 600; color: var(--text); }
nav p { margin: 0.25rem 0; }
main { flex: 1 1 0; min-width: 0; padding: 0.5rem 1rem 3rem; }
main:focus { outline: none; }
.plain main { max-width: 44rem; margin: 0 auto; padding-top: 3rem; }
h1 { font-size: 1.375rem; margin: 0.5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.0625rem; margin: 1.25rem 0 0.375rem; }
.trail { margin: 0; color: var(--quiet); }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; min-width: 100%; }
caption { text-align: left; font-weight: 600; font-size: 1.0625rem; padding-bottom: 0.25rem; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; border-bottom: 1px solid var(--line); font-weight: 400; }
td { overflow-wrap: break-word; max-width: 40rem; }
thead th { color: var(--quiet); font-size: 0.8125rem; white-space: nowrap; }
tbody tr:hover { background: var(--raised); }
.cards { list-style: none; display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 0.75rem; padding: 0; }
.cards > li { border: 1px solid var(--line); border-radius: 0.375rem; padding: 0.5rem 0.75rem; }
.cards h2 { margin: 0; font-size: 0.9375rem; }
.cards ul { list-style: none; padding: 0; margin: 0; }
.total { font-size: 1.75rem; margin: 0; font-variant-numeric: tabular-nums; }
.state { font-weight: 600; }
.good { color: var(--good); } .busy { color: var(--busy); } .bad { color: var(--bad); } .rest { color: var(--rest); }
.facts div { display: flex; flex-wrap: wrap; gap: 0 0.75rem; border-bottom: 1px solid var(--line); padding: 0.125rem 0; }
.facts dt { flex: 0 0 12rem; color: var(--quiet); }
.facts dd { margin: 0; flex: 1 1 16rem; min-width: 0; overflow-wrap: anywhere; }
.facts ul, details ul { margin: 0; padding: 0; list-style: none; overflow-wrap: anywhere; }
pre { background: var(--raised); border: 1px solid var(--line); border-radius: 0.375rem; padding: 0.75rem; overflow: auto; font: 0.8125rem/1.45 ui-monospace, monospace; }
#log { max-height: 70vh; white-space: pre-wrap; overflow-wrap: anywhere; }
textarea { width: 100%; font: 0.8125rem/1.45 ui-monospace, monospace; }
input, select, button, textarea { font-size: inherit; color: var(--text); background: var(--ground); border: 1px solid var(--quiet); border-radius: 0.25rem; padding: 0.25rem 0.5rem; max-width: 100%; }
button, .button { font: inherit; display: inline-block; color: var(--text); background: var(--raised); border: 1px solid var(--quiet); border-radius: 0.25rem; padding: 0.25rem 0.75rem; text-decoration: none; cursor: pointer; }
.danger { color: var(--bad); border-color: var(--bad); font-weight: 600; }
input[type="number"] { width: 7rem; }
.actions, .filter { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; margin: 0.75rem 0; }
.actions form { margin: 0; }
.problem { border-left: 4px solid var(--bad); padding: 0.25rem 0.75rem; background: var(--raised); overflow-wrap: anywhere; }
.empty { color: var(--quiet); }
@media (max-width: 48rem) { .columns { flex-direction: column; } nav { flex: none; width: 100%; border-right: 0; } main { width: 100%; } nav ul { columns: 2; } }
`;
