"""The stylesheet, the script and the icon: the only ones. The script is a convenience, and nothing needs it."""

from typing import Final

from statuswatch.model.board import Board

_STYLE: Final = """\
:root{color-scheme:light dark;--bg:#fff;--ink:#1c1f24;--dim:#565f6b;--line:#e3e6ea;--card:#f6f7f9;--link:#0b5cad;
--before:#e9ecef;--calm:#b9dcc1;--maintenance:#5e93d6;--notice:#7fb3a6;--unstated:#9a86d4;--minor:#e3ac2c;
--major:#dd6f27;--critical:#c8362f;--hatch:#7d8793;--mark:#fff4d6}
@media (prefers-color-scheme:dark){:root{--bg:#101317;--ink:#e6e9ee;--dim:#9aa4b1;--line:#262c34;--card:#171b21;
--link:#7db7f5;--before:#1f242b;--calm:#28533a;--maintenance:#4a80c9;--notice:#4f8a7c;--unstated:#8d78cf;--minor:#cf9a22;
--major:#d9702f;--critical:#e2574d;--hatch:#77828f;--mark:#3a3115}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,sans-serif;overflow-wrap:break-word}
header,main,#stale{max-width:70rem;margin:0 auto;padding:.75rem 1rem}
header{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;align-items:baseline;padding-bottom:0}
header::after{content:"";flex-basis:100%;border-bottom:1px solid var(--line);margin-top:.25rem}
header p{margin:0}
.site{font-weight:650}
.site a{color:inherit;text-decoration:none}
nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem;font-size:.9375rem}
.asof{flex-basis:100%;color:var(--dim);font-size:.875rem}
a{color:var(--link);text-underline-offset:.15em}
a:hover{text-decoration-thickness:2px}
:focus-visible{outline:2px solid var(--link);outline-offset:2px}
nav a[aria-current]{color:inherit;font-weight:650;text-decoration:none}
h1{font-size:1.5rem;line-height:1.25;margin:1rem 0 .25rem}
h2{font-size:1.0625rem;margin:2rem 0 .5rem}
h3{font-size:1rem;margin:0}
p{margin:.25rem 0}
.dim{color:var(--dim);font-size:.875rem}
.dim b,.dim .mark{color:var(--ink)}
.mark{background:var(--mark);border-radius:3px;padding:.05em .35em}
#stale{background:var(--critical);color:#fff;font-weight:650;max-width:none;text-align:center}
@media (prefers-color-scheme:dark){#stale{background:#a82e26}}
.skip{position:absolute;left:-100vw;background:var(--bg);padding:.5rem 1rem}
.skip:focus{left:0}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
ul,ol{list-style:none;margin:0;padding:0}
.cards{display:grid;gap:.5rem}
.cards li,article{background:var(--card);border-inline-start:4px solid var(--c,var(--line));border-radius:4px;
padding:.6rem .8rem;min-width:0}
.cards h3 a:first-child{font-weight:650}
.cards h3{font-weight:400}
article{margin-bottom:.5rem;scroll-margin-top:1rem}
article:target,article:has(:target){outline:2px solid var(--link)}
article ol{margin-top:.5rem}
article ol li{padding:.4rem 0;border-top:1px solid var(--line);font-size:.9375rem}
article ol p{white-space:pre-line}
.critical{--c:var(--critical)}.major{--c:var(--major)}.minor{--c:var(--minor)}.maintenance{--c:var(--maintenance)}
.unstated{--c:var(--unstated)}.notice{--c:var(--notice)}
.cards .unread,article.unread{border-inline-start:0;position:relative;padding-inline-start:calc(.8rem + 4px)}
.cards .unread::before,article.unread::before{content:"";position:absolute;inset:0 auto 0 0;width:6px;
border-radius:4px 0 0 4px}
.x,.unread::before{background:repeating-linear-gradient(45deg,var(--hatch) 0 2px,var(--bg) 2px 4px)}
table{border-collapse:collapse;width:100%}
th{font-weight:400;text-align:start}
.rows{table-layout:fixed}
.rows th,.rows td{padding:.3rem 0;border-top:1px solid var(--line)}
.rows th{width:12rem;padding-inline-end:.75rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.rows thead th{border:0;overflow:visible}
.rows thead th:nth-child(2){width:auto;padding:0}
.rows tr>:last-child{width:7.5rem;padding:0;text-align:end;white-space:nowrap}
.rows td:last-child{color:var(--dim);font-size:.8125rem}
.axis{display:flex;justify-content:space-between}
.rows td:last-child b{color:var(--ink)}
.rows td span.x{background:none}
.strip{position:relative;height:1.375rem;background:var(--calm);border-radius:3px;overflow:hidden;
print-color-adjust:exact;-webkit-print-color-adjust:exact}
.strip i,.strip a{position:absolute;top:0;bottom:0;width:var(--day);min-width:3px;border-inline:1px solid var(--bg)}
.strip a:hover{filter:brightness(1.25)}
.k{background:var(--calm)}.b{background:var(--before)}.p{background:var(--maintenance)}.n{background:var(--notice)}
.s{background:var(--unstated)}.m{background:var(--minor)}.M{background:var(--major)}.C{background:var(--critical)}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1rem;color:var(--dim);font-size:.8125rem;margin:.5rem 0}
.legend i{display:inline-block;width:.85em;height:.85em;border-radius:2px;margin-inline-end:.4em;vertical-align:-.05em;
print-color-adjust:exact;-webkit-print-color-adjust:exact}
.figures th,.figures td{padding:.3rem .75rem .3rem 0;border-top:1px solid var(--line);vertical-align:baseline}
.figures th{width:28%}
.num{width:30%;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
.grid{font-size:.875rem;font-variant-numeric:tabular-nums}
.grid th,.grid td{padding:.3rem .75rem .3rem 0;border-top:1px solid var(--line);white-space:nowrap}
.grid thead th{white-space:normal;vertical-align:bottom;color:var(--dim);min-width:5rem}
.grid td{text-align:end}
.grid thead th+th{text-align:end}
@media (max-width:45rem){
body{font-size:15px}
h1{font-size:1.3125rem}
.rows th{width:7.5rem}
.rows tr>:last-child{width:5rem}
.rows td:last-child{font-size:.75rem;padding-inline-start:.4rem;white-space:normal;line-height:1.2}
.strip i,.strip a{border-inline-width:0}
.figures,.figures tbody,.figures tr,.figures th,.figures td{display:block}
.figures tr{border-top:1px solid var(--line);padding:.3rem 0}
.figures th,.figures td{border:0;padding:0;width:auto}
.figures td.num{font-weight:650}
}
@media print{#stale{background:none;color:inherit;border:2px solid}
nav,.skip,#stale[hidden]{display:none}body{font-size:10pt}.cards li,article,tr{break-inside:avoid}
a{color:inherit}}
"""

# Ages in words as the program writes them, and the banner once the reader's clock has passed "trust until".
_SCRIPT: Final = """\
"use strict";
function length(minutes) {
  if (minutes < 1) return "under a minute";
  const days = Math.floor(minutes / 1440), hours = Math.floor(minutes / 60) % 24;
  if (days >= 3) return days + " d";
  const parts = [[days, "d"], [hours, "h"], [days ? 0 : minutes % 60, "min"]];
  return parts.filter(([number]) => number).map(([number, unit]) => number + " " + unit).join(" ");
}
function refresh() {
  const now = Date.now();
  document.getElementById("stale").hidden = now <= Date.parse(document.documentElement.dataset.until);
  for (const time of document.querySelectorAll("time.age")) {
    const minutes = Math.floor((now - Date.parse(time.dateTime)) / 60000);
    if (minutes >= 0) time.textContent = length(minutes);
  }
}
refresh();
setInterval(refresh, 60000);
"""

_ICON: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#2c7a3d" d="M1 6h3v8H1z"/>\
<path fill="#dd8b27" d="M6.5 2h3v12h-3z"/><path fill="#5b6470" d="M12 9h3v5h-3z"/></svg>
"""


def render(board: Board) -> dict[str, str]:
    """Return the three files; the stylesheet places the days of the strips."""
    days = board.days
    places = "".join(f".d{day}{{left:{100 * day / days:.4g}%}}" for day in range(days))
    widths = "".join(f".w{length}{{width:{100 * length / days:.4g}%!important}}" for length in range(2, days + 1))
    style = f"{_STYLE}:root{{--day:{100 / days:.4g}%}}\n{places}\n{widths}\n"
    return {"style.css": style, "board.js": _SCRIPT, "icon.svg": _ICON}
