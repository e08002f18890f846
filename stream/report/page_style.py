"""How the page looks: one column, no script, light and dark by the system's choice, light on paper."""

from take5.stream.report.colours import DARK, LIGHT, variables

STYLE = f"""
:root {{ color-scheme: light dark; {variables(LIGHT)} }}
@media screen and (prefers-color-scheme: dark) {{ :root {{ {variables(DARK)} }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; background: var(--ground); color: var(--ink); overflow-wrap: anywhere;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }}
main {{ max-width: 1120px; margin: 0 auto; padding: clamp(14px, 3vw, 28px); display: grid; gap: 20px;
  grid-template-columns: minmax(0, 1fr); }}
section {{ background: var(--card); border: 1px solid var(--line); border-radius: 18px;
  padding: clamp(14px, 2.4vw, 26px); }}
h1, h2, p {{ margin: 0; }}
h1 {{ font-size: clamp(1.5rem, 4vw, 2.1rem); line-height: 1.2; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums; }}
h2 {{ font-size: 1.15rem; margin-bottom: 12px; }}
.file {{ color: var(--soft); margin-bottom: 4px; }}
.score {{ color: var(--soft); font-size: 1.05rem; margin: 4px 0 0; font-variant-numeric: tabular-nums; }}
.why {{ font-size: 1.1rem; margin: 14px 0 0; max-width: 62ch; }}
.aspects {{ display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 8px; list-style: none;
  margin: 16px 0 0; padding: 0; }}
.aspects li {{ border: 1px solid var(--line); border-left: 4px solid var(--second); border-radius: 8px;
  padding: 8px 12px; }}
.aspects li.warning {{ border-left-color: var(--warn); }} .aspects b {{ display: block; }}
.aspects span {{ color: var(--soft); font-size: .92rem; }}
.strip {{ display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); gap: 6px; margin: 18px 0 0; }}
figure {{ margin: 0; }}
img {{ width: 100%; height: auto; display: block; border-radius: 8px; }}
figcaption, .note {{ color: var(--soft); font-size: .88rem; font-variant-numeric: tabular-nums; }}
.note {{ margin-top: 10px; max-width: 80ch; }}
.bar {{ position: relative; height: 38px; margin: 22px 0 0; border-radius: 8px; background: var(--line);
  overflow: hidden; }}
.bar i {{ position: absolute; top: 0; bottom: 0; min-width: 2px; }}
.bar .best {{ background: var(--gold); border-radius: 4px; }}
.bar .pool {{ background: var(--pool); opacity: .5; top: auto; height: 12px; }}
.bar .reject {{ background: repeating-linear-gradient(135deg, var(--reject) 0 4px, #0000 4px 8px); }}
.times {{ display: flex; justify-content: space-between; color: var(--soft); font-size: .85rem;
  font-variant-numeric: tabular-nums; }}
.key {{ display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; margin: 8px 0 0; padding: 0;
  color: var(--soft); font-size: .88rem; }}
.key i {{ display: inline-block; width: 14px; height: 14px; border-radius: 3px; margin-right: 6px;
  vertical-align: -2px; }}
.key .best {{ background: var(--gold); }} .key .pool {{ background: var(--pool); opacity: .5; }}
.key .reject {{ background: repeating-linear-gradient(135deg, var(--reject) 0 3px, #0000 3px 6px); }}
.key .rest {{ background: var(--line); }}
.wrong {{ margin: 0; padding: 0; list-style: none; display: grid; gap: 10px; }}
.wrong li {{ padding-left: 14px; border-left: 4px solid var(--reject); }}
.wrong li.warn {{ border-color: var(--warn); }}
.wrong b {{ font-variant-numeric: tabular-nums; }}
.wrong span {{ display: block; color: var(--soft); font-size: .92rem; }}
svg {{ width: 100%; height: auto; display: block; }}
.narrow {{ display: none; }}
@media (max-width: 640px) {{ .aspects {{ grid-template-columns: repeat(2, minmax(0, 1fr)); }}
  .wide {{ display: none; }} .narrow {{ display: block; }}
  .strip {{ grid-template-columns: repeat(3, minmax(0, 1fr)); }} .strip figure:nth-child(even) {{ display: none; }} }}
.pair {{ display: grid; gap: 24px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); }}
.scroll {{ overflow-x: auto; }}
table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .93rem; }}
th, td {{ text-align: right; padding: 6px 10px; border-bottom: 1px solid var(--line); white-space: nowrap; }}
th {{ color: var(--soft); font-weight: 600; }}
th:first-child, td:first-child, th.text, td.text {{ text-align: left; }}
.text {{ white-space: normal; min-width: 9em; }}
tr.best td {{ background: color-mix(in srgb, var(--gold) 22%, #0000); font-weight: 600; }}
td img {{ width: 84px; border-radius: 4px; }}
dl {{ display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 4px 18px; margin: 0;
  font-size: .93rem; }}
dt {{ color: var(--soft); }} dd {{ margin: 0; }}
@media print {{ body {{ background: none; }} section {{ border: 0; padding: 0; break-inside: avoid; }}
  * {{ print-color-adjust: exact; }} }}
"""
