#pragma once

#include <string_view>

namespace telemetry {

/// The style of the report page: a reader's light or dark, one column on a
/// phone; tables that are too wide scroll by themselves.
inline constexpr std::string_view report_style = R"css(
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2128;
  --faint: #5d6673; --line: #d5dae1; --panel: #f4f6f8; --rate: #1f6feb;
  --time: #b35900; --good: #1a7f37; --middling: #8a6100; --bad: #c62828; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15191e; --ink: #e3e8ee; --faint: #9aa5b1; --line: #343b44;
    --panel: #1e242b; --rate: #6cb0ff; --time: #ffab5c; --good: #5fd07f;
    --middling: #e2b93d; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
main { max-width: 64rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
h3 { font-size: 1rem; margin-bottom: 0; }
dl { display: grid; gap: .5rem; margin: 1rem 0;
  grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); }
dl div { background: var(--panel); border-radius: .4rem; padding: .5rem .75rem; }
dt { color: var(--faint); font-size: .85rem; }
dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem;
  overflow-wrap: normal; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th:first-child, .of-passes :nth-child(2) { text-align: left; }
.reason td { white-space: normal; color: var(--faint); text-align: left; }
.outcome { font-weight: 600; color: var(--good); }
.skipped, .unsupported { color: var(--faint); }
.budget_exhausted, .throttled { color: var(--middling); }
.partial, .interrupted { color: var(--bad); }
svg { width: 100%; height: auto; display: block; }
svg text { fill: var(--faint); font: 12px system-ui, sans-serif; }
svg polyline { fill: none; stroke-width: 2; stroke-linejoin: round; }
.rate { stroke: var(--rate); } .time { stroke: var(--time); }
@media (max-width: 40rem) { svg text { font-size: 22px; } }
.axis { stroke: var(--line); } .band { fill: var(--panel); }
code { font-size: .85rem; background: var(--panel); padding: .1rem .3rem; }
li { margin: .25rem 0; }
)css";

}  // namespace telemetry
