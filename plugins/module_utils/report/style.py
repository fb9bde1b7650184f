# Copyright: the ull.metal contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The style sheet of the report: light and dark, screen and print, from 360 pixels on.

Colours are of Okabe and Ito's palette, which colour-blind eyes tell apart; letters and patterns say the same.
"""

from __future__ import annotations

CSS = """
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#16202b;--quiet:#56616f;--line:#d5dae1;--soft:#eef1f5;
--accent:#0b5ea8;--housekeeping:#9fd3f2;--isolated:#f3b73e;--tickless:#00785a;--critical:#ee7733;--lcores:#d9a0c4;--idle:#c9d3cd;--offline:#e3e6ea;--unassigned:#fff;
--on-dark:#fff;--on-light:#10202e;--error:#b3261e;--error-bg:#fdecea;--warning:#8a5a00;--warning-bg:#fff4dc;
--note:#0b5ea8;--note-bg:#e8f2fb;--good:#00694f;--good-bg:#e2f4ee;--gigantic:#cc79a7;--huge:#8fb8de;--rest:#e9edf2;
--reboot:#c2410c;--drain:#cc79a7;--link:#e0a100;--live:#4c9ed9;--sync:#00785a;--unread:#9aa4b1}
@media (prefers-color-scheme:dark){:root{--page:#10151b;--card:#182029;--ink:#e6ebf1;--quiet:#9dabbb;--line:#313d4a;
--soft:#212b36;--accent:#7cc0f8;--housekeeping:#5aa9da;--isolated:#e6a11f;--tickless:#17a37c;--critical:#ee7733;--lcores:#cc79a7;--idle:#8d9d96;--offline:#2a333e;
--unassigned:#182029;--on-dark:#04150f;--on-light:#0b141c;--error:#ff9b90;--error-bg:#3b1b19;--warning:#f5c56a;
--warning-bg:#352a12;--note:#8cc8fa;--note-bg:#152b40;--good:#6fdcb7;--good-bg:#10312a;--gigantic:#b0608d;--huge:#4379ad;
--rest:#26313d;--reboot:#f0703a;--drain:#cc79a7;--link:#e6ac2a;--live:#56aee6;--sync:#17a37c;--unread:#6d7987}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
overflow-wrap:anywhere}
main,.top{max-width:1240px;margin:0 auto;padding:0 20px}
.top{padding-top:28px}
h1{font-size:clamp(1.5rem,4.2vw,2.3rem);line-height:1.2;margin:.1em 0 .5em;letter-spacing:-.01em}
h2{font-size:1.25rem;margin:2em 0 .6em}
h3{font-size:1.05rem;margin:0;display:inline}
h4{font-size:.95rem;margin:0}
p{margin:.3em 0}
a{color:var(--accent)}
code,.mono,.cpus,td code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
.quiet,.eyebrow,.count,small{color:var(--quiet)}
.eyebrow{font-size:.85rem;margin:0}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px;margin:0 0 14px}
svg{display:inline-block;vertical-align:top;max-width:100%}
.symbols{position:absolute}
svg.fleet{border-radius:8px;background:var(--rest)}
.tally{display:flex;flex-wrap:wrap;gap:6px 18px;list-style:none;margin:.7em 0 0;padding:0;font-size:.92rem}
.tally li{display:flex;gap:.45em;align-items:baseline}
.tally svg{align-self:center;flex:none;border-radius:3px}
.badge{display:inline-block;border-radius:99px;padding:.05em .65em;font-size:.8rem;font-weight:600;border:1px solid
currentColor;white-space:nowrap}
.badge.error{color:var(--error);background:var(--error-bg)}.badge.warning{color:var(--warning);background:var(--warning-bg)}
.badge.accepted{color:var(--quiet);background:var(--soft)}.badge.note{color:var(--note);background:var(--note-bg)}.badge.good{color:var(--good);background:var(--good-bg)}
.badge.reboot,.badge.drain{color:var(--error);background:var(--error-bg)}
.badge.link{color:var(--warning);background:var(--warning-bg)}.badge.live{color:var(--note);background:var(--note-bg)}
.badge.plain{color:var(--quiet);background:var(--soft)}
.impact-has-errors{fill:var(--ink)}.impact-reboot{fill:var(--reboot)}.impact-drain{fill:var(--drain)}.impact-link{fill:var(--link)}
.impact-live{fill:var(--live)}.impact-in-sync{fill:var(--sync)}.impact-not-read{fill:var(--unread)}
.problem{border-left:5px solid var(--line)}
.problem.error{border-left-color:var(--error)}.problem.warning{border-left-color:var(--warning)}
.problem.note{border-left-color:var(--note)}
.problem header{display:flex;flex-wrap:wrap;gap:.3em .7em;align-items:baseline}
.problem ul.cases{list-style:none;margin:.6em 0 0;padding:0}
.problem .cases>li{border-top:1px solid var(--line);padding:.55em 0}
.problem dl{display:grid;grid-template-columns:max-content 1fr;gap:.1em .8em;margin:.2em 0 0}
dt{color:var(--quiet)}dd{margin:0;min-width:0}
details>summary{cursor:pointer}
summary:focus-visible,a:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
.host>summary{list-style-position:outside;margin-left:1.1em}
.host .line{display:inline-flex;flex-wrap:wrap;gap:.3em .6em;align-items:baseline;vertical-align:top;max-width:100%}
.host[open]>summary{margin-bottom:.6em}
.nodes{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,17.5rem),1fr));gap:12px;margin:.8em 0}
.pairs th{width:35%}
details details caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
details details .scroll caption,details details .scroll~.pairs caption{position:static;width:auto;height:auto;clip-path:none}
.beside{display:flex;flex-wrap:wrap;gap:0 3em;align-items:flex-start}
.node{border:1.5px solid var(--line);border-radius:10px;padding:10px 12px;background:var(--page);min-width:0;
break-inside:avoid}
.node.unknown{border-style:dashed}
.node header{display:flex;flex-wrap:wrap;gap:0 .8em;align-items:baseline;justify-content:space-between}
.node h4 small{font-weight:400;margin-left:.6em}
.node p{font-size:.82rem}
.cluster{display:flex;flex-wrap:wrap;gap:4px}
.cores{display:flex;flex-wrap:wrap;gap:8px}
.cluster.named{position:relative;border:1.5px solid var(--quiet);border-radius:7px;padding:14px 5px 5px;margin-top:6px}
.cluster.named>span{position:absolute;top:-.75em;left:8px;padding:0 4px;background:var(--page);font-size:.72rem;
color:var(--quiet)}
.id,.letter{font:600 9px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;text-anchor:middle}
.letter{font-size:12px}
.core{fill:var(--card);stroke:var(--line)}
.cell{stroke:rgba(0,0,0,.28);stroke-width:1}
.cell.housekeeping{fill:var(--housekeeping)}.cell.isolated{fill:var(--isolated)}.cell.tickless{fill:var(--tickless)}
.cell.critical{fill:var(--critical);stroke-width:2}.cell.lcores{fill:var(--lcores)}.cell.idle{fill:var(--idle)}
.cell.offline{fill:var(--offline);stroke-dasharray:2 2}.cell.unassigned{fill:var(--unassigned);stroke-dasharray:3 2}
.on-housekeeping,.on-isolated,.on-critical,.on-lcores,.on-idle{fill:var(--on-light)}.on-tickless{fill:var(--on-dark)}
.on-offline,.on-unassigned{fill:var(--quiet)}
pattern path{stroke:rgba(0,0,0,.3);stroke-width:1;fill:rgba(0,0,0,.35)}
.memory-of{margin-top:10px}
svg.memory{border-radius:4px;border:1px solid var(--line)}
.rest{fill:var(--rest)}.gigantic{fill:var(--gigantic)}.huge{fill:var(--huge)}.over{fill:var(--error)}
.devices{list-style:none;margin:10px 0 0;padding:0;font-size:.85rem}
.devices li{position:relative;margin:0 0 6px 10px;padding:5px 9px;background:var(--card);border:1px solid var(--line);
border-radius:7px}
.devices li::before{content:"";position:absolute;left:-11px;top:-8px;width:10px;height:24px;border:solid var(--quiet);
border-width:0 0 1.5px 1.5px;border-bottom-left-radius:6px}
.devices li.down{border-style:dashed}
.devices .kind{display:inline-block;font-size:.68rem;font-weight:700;color:var(--quiet);border:1px solid var(--line);
border-radius:4px;padding:0 .35em;margin-right:.5em}
.devices i{font-style:normal;color:var(--quiet);margin-left:.5em}
.facts{font-size:.92em;color:var(--quiet)}
.plan{font-size:.92em}
.vf-of{display:flex;flex-wrap:wrap;gap:2px 8px;align-items:center;margin-top:2px}
.vf{fill:var(--live);stroke:var(--ink);stroke-width:.6}.vf.missing{fill:none;stroke-dasharray:2 1.5}
.stacked{font-size:.85rem;margin:.4em 0;padding-left:1.2em}
.legend{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:6px 18px;list-style:none;
margin:0 0 14px;padding:0;font-size:.85rem}
.legend li{display:flex;gap:.6em;align-items:center}.legend svg{flex:none}
.card>table{margin-top:0}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;width:100%;font-size:.88rem;margin:.6em 0}
caption{text-align:left;color:var(--quiet);font-size:.85rem;padding:.2em 0}
th,td{text-align:left;vertical-align:top;padding:.38em .6em;border-bottom:1px solid var(--line)}
thead th{white-space:nowrap;color:var(--quiet);font-weight:600}
tbody th{font-weight:500;min-width:8.5em}
.off code,.off .quiet{background:var(--warning-bg);color:var(--warning);border-radius:4px;padding:.1em .35em}
tbody small{font-weight:400}
.distances{width:auto;font-size:.78rem}.distances caption{white-space:nowrap}
.distances th,.distances td{min-width:0;text-align:right;padding:.2em .55em}
.distances td{background:color-mix(in srgb,var(--isolated) calc(var(--far)*45%),var(--card))}
.sets{display:grid;grid-template-columns:max-content 1fr;gap:.15em .9em;font-size:.88rem;margin:.6em 0}
footer{color:var(--quiet);font-size:.82rem;margin:3em 0 2em}
@media (min-width:701px){td[data-label=declared],td[data-label=hosts],td[data-label=profile]{min-width:9em}
tbody th{min-width:11em}}
@media (max-width:700px){
main,.top{padding-left:12px;padding-right:12px}.card{padding:12px}
table.cards thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
table.cards,table.cards tbody,table.cards tr,table.cards th,table.cards td,table.cards caption{display:block}
table.cards tr{border-bottom:1px solid var(--line);padding:.5em .4em}
table.cards th,table.cards td{border:0;padding:.08em 0;background:none!important}
table.cards td{position:relative;padding-left:6.6em}
table.cards td::before{content:attr(data-label);color:var(--quiet);position:absolute;left:0}
table.cards tbody th{font-weight:600}}
@media print{
:root{--page:#fff;--card:#fff;--soft:#fff}
body{font-size:9.5pt}main,.top{max-width:none;padding:0}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
details::details-content{content-visibility:visible;block-size:auto;height:auto;overflow:visible}
.card{break-inside:auto}.problem,.node,tr{break-inside:avoid}h2,h3,summary{break-after:avoid}
.nodes{grid-template-columns:repeat(auto-fit,minmax(15rem,1fr))}
th,td{padding:.2em .45em}td code,th .mono{font-size:.8em}
a{color:inherit;text-decoration:none}}
"""
