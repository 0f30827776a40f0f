/// The page's one style sheet.
enum PageStyle {
    static let text = """
        :root {
            color-scheme: light dark;
            --ground: #f6f7f7; --surface: #ffffff; --raised: #fbfbfb; --line: #dcdfe1; --strong: #b9bfc3;
            --text: #1b2226; --muted: #59646b; --accent: #0a6570; --accenttext: #ffffff;
            --good: #1e6b37; --goodground: #eaf4ed; --warn: #835400; --warnground: #fbf3e1;
            --bad: #a3231b; --badground: #fbecea; --code: #f2f4f4;
        }
        @media (prefers-color-scheme: dark) {
            :root {
                --ground: #12171a; --surface: #1a2125; --raised: #1f272b; --line: #2f393e; --strong: #4a575e;
                --text: #e3e8ea; --muted: #9aa7ae; --accent: #62c1cb; --accenttext: #0c1416;
                --good: #7fcb95; --goodground: #18281e; --warn: #e2b45c; --warnground: #2b2415;
                --bad: #f19a91; --badground: #2f1c1a; --code: #151c1f;
            }
        }
        * { box-sizing: border-box; }
        html { font: 15px/1.5 Inter, system-ui, "Segoe UI", "Liberation Sans", sans-serif; background: var(--ground); color: var(--text); }
        body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; }
        a { color: var(--accent); text-decoration-thickness: 1px; text-underline-offset: 2px; }
        a:hover { text-decoration-thickness: 2px; }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
        main:focus { outline: none; }
        .skip { position: absolute; left: -9999px; }
        .skip:focus { left: 1rem; top: .5rem; background: var(--surface); padding: .4rem .8rem; z-index: 1; }
        .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
        .mono, code, pre { font-family: ui-monospace, "Cascadia Mono", "Liberation Mono", "DejaVu Sans Mono", monospace; font-size: .88em; }
        .muted { color: var(--muted); }

        .top { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 2rem; padding: .6rem 2rem; background: var(--surface); border-bottom: 1px solid var(--line); }
        .brand { display: flex; align-items: baseline; gap: .6rem; }
        .brand a { color: var(--text); font-weight: 650; font-size: 1.1rem; letter-spacing: -.01em; text-decoration: none; }
        .region { color: var(--muted); font-size: .85rem; }
        nav ul { display: flex; flex-wrap: wrap; gap: .25rem; margin: 0; padding: 0; list-style: none; }
        nav li a { display: block; padding: .35rem .7rem; border-radius: 5px; color: var(--muted); text-decoration: none; }
        nav li a:hover { color: var(--text); background: var(--ground); }
        nav li a[aria-current] { color: var(--text); background: var(--ground); font-weight: 600; box-shadow: inset 0 -2px 0 var(--accent); }
        .out { margin-left: auto; display: flex; align-items: center; gap: .8rem; min-width: 0; }
        .who { max-width: 16rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--muted); }
        main { flex: 1; width: 100%; max-width: 92rem; margin: 0 auto; padding: 1.5rem 2rem 3rem; }
        footer { padding: 1rem 2rem; border-top: 1px solid var(--line); color: var(--muted); font-size: .85rem; }
        footer p { margin: 0 auto; max-width: 88rem; }
        h1 { margin: 0 0 1.2rem; font-size: 1.55rem; font-weight: 650; letter-spacing: -.015em; overflow-wrap: anywhere; }
        h2 { margin: 2rem 0 .8rem; font-size: 1.15rem; font-weight: 620; }
        h3 { margin: 0; font-size: 1rem; font-weight: 620; }
        .lead { max-width: 46rem; color: var(--muted); margin: -.6rem 0 1.2rem; }

        .card { background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: 1.1rem 1.3rem; }
        .card h2 { margin: 0; }
        .narrow { max-width: 34rem; }
        .cardhead { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .6rem; margin-bottom: .5rem; }
        .badge { font-size: .78rem; color: var(--accent); border: 1px solid currentColor; border-radius: 99px; padding: .05rem .6rem; }
        .notice { border: 1px solid var(--line); border-left: 4px solid var(--strong); border-radius: 6px; padding: .7rem 1rem; margin: 0 0 1.2rem; background: var(--surface); overflow-wrap: anywhere; }
        .notice p, .notice ul { margin: .15rem 0; }
        .notice.good { border-left-color: var(--good); background: var(--goodground); }
        .notice.warn { border-left-color: var(--warn); background: var(--warnground); }
        .notice.bad { border-left-color: var(--bad); background: var(--badground); }

        .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); margin: 0 0 1.8rem; background: var(--surface); border: 1px solid var(--line); border-radius: 8px; }
        .figure { display: flex; flex-direction: column-reverse; justify-content: flex-end; padding: .9rem 1.3rem; }
        .figure + .figure { border-left: 1px solid var(--line); }
        .figure dt { color: var(--muted); font-size: .85rem; }
        .figure dd { margin: 0; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; letter-spacing: -.01em; }
        .jurisdiction { margin-bottom: 2rem; }
        .jurisdiction > h2 { margin: 0 0 .7rem; }
        .eyebrow { color: var(--muted); font-weight: 400; font-size: .85rem; }
        .regions { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(31rem, 100%), 1fr)); gap: 1rem; }
        .log { margin: 0 0 .8rem; font-size: .92rem; }

        .state { display: inline-flex; align-items: center; gap: .4rem; white-space: nowrap; }
        .state::before { content: ""; width: .55rem; height: .55rem; border-radius: 50%; background: currentColor; flex: none; }
        .state.good { color: var(--good); } .state.warn { color: var(--warn); } .state.bad { color: var(--bad); } .state.quiet { color: var(--muted); }
        .state.bad::before { border-radius: 1px; } .state.warn::before { border-radius: 1px; transform: rotate(45deg); }
        .state.quiet::before { background: none; border: 2px solid currentColor; }

        .scroll { overflow-x: auto; }
        table { width: 100%; border-collapse: collapse; font-size: .93rem; }
        .scroll > .wide { background: var(--surface); border: 1px solid var(--line); }
        caption { text-align: left; color: var(--muted); padding: 0 0 .5rem; font-size: .88rem; }
        th, td { text-align: left; vertical-align: top; padding: .5rem .9rem .5rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
        .wide th, .wide td { padding: .55rem .8rem; }
        thead th { border-top: 0; color: var(--muted); font-weight: 500; font-size: .83rem; white-space: nowrap; overflow-wrap: normal; }
        tbody th { font-weight: 550; }
        tbody tr:hover { background: var(--raised); }
        td.num { white-space: nowrap; font-variant-numeric: tabular-nums; }
        .sub { display: block; color: var(--muted); font-weight: 400; font-size: .85rem; }
        .records td.mono, .records th.mono { white-space: nowrap; overflow-wrap: normal; }
        .records .what { width: 50%; min-width: 20rem; }
        .day { color: var(--muted); }
        .type { display: inline-block; border: 1px solid var(--line); border-radius: 4px; padding: 0 .45rem; font-size: .85rem; white-space: nowrap; background: var(--raised); }
        .sqlline { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; overflow: hidden; overflow-wrap: anywhere; white-space: pre-wrap; }
        .facts { display: block; color: var(--muted); overflow-wrap: anywhere; }
        .fresh { animation: fresh 2.5s ease-out; }
        @keyframes fresh { from { background: var(--goodground); } }
        @media (prefers-reduced-motion: reduce) { .fresh { animation: none; } }

        pre { margin: 0; }
        .sql { background: var(--code); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 28rem; overflow-y: auto; margin: 0 0 1rem; }
        .inline { white-space: pre-wrap; overflow-wrap: anywhere; }
        p code { background: var(--code); border-radius: 4px; padding: .1rem .35rem; overflow-wrap: anywhere; }
        .pairs { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .3rem 1.4rem; margin: 0 0 1rem; }
        .pairs dt { color: var(--muted); }
        .pairs dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
        @media (min-width: 62rem) { .pairs.cols { grid-template-columns: minmax(7rem, max-content) minmax(0, 1fr) minmax(7rem, max-content) minmax(0, 1fr); } }
        .pairs.small { font-size: .92rem; gap: .15rem 1.2rem; }
        .path { padding-left: 2.2rem; overflow-wrap: anywhere; }
        details { margin: 0 0 1rem; }
        summary { cursor: pointer; color: var(--accent); padding: .2rem 0; width: max-content; max-width: 100%; }

        .timeline, .refusals { list-style: none; margin: 0; padding: 0; }
        .timeline li { display: grid; grid-template-columns: 13rem 1fr; gap: 1.4rem; }
        .timeline .when { padding: .75rem 0; text-align: right; }
        .entry { border-left: 2px solid var(--line); padding: .7rem 0 .7rem 1.3rem; position: relative; min-width: 0; }
        .entry::before { content: ""; position: absolute; left: -6px; top: 1.15rem; width: 10px; height: 10px; border-radius: 50%; background: var(--surface); border: 2px solid var(--strong); }
        .entryhead { display: flex; flex-wrap: wrap; align-items: baseline; gap: .2rem .9rem; font-size: .92rem; }
        .entry .what { margin-top: .3rem; }
        .refusals { display: grid; gap: .9rem; }
        .refusals .pairs, .refusals .sql { margin-bottom: 0; }
        .refusals .sql { margin-top: .7rem; max-height: 12rem; }
        .why { margin: .45rem 0 .6rem; padding: 0; list-style: none; font-weight: 550; overflow-wrap: anywhere; }

        .search { background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: 1.1rem 1.3rem .9rem; margin-bottom: 1.2rem; }
        .search details { margin: .6rem 0 0; }
        .fields { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.9rem, 1fr)); gap: .8rem 1rem; align-items: start; }
        label { display: block; }
        label > span { display: block; font-size: .85rem; color: var(--muted); margin-bottom: .2rem; }
        label small { color: var(--muted); font-size: .78rem; }
        .stack { display: grid; gap: .6rem; } .stack p { margin: 0; }
        .explain { display: grid; gap: .9rem; } .explain .fields { grid-template-columns: repeat(auto-fit, minmax(12rem, 1fr)); }
        input, select, textarea { width: 100%; font: inherit; color: inherit; background: var(--raised); border: 1px solid var(--strong); border-radius: 5px; padding: .4rem .6rem; }
        textarea { resize: vertical; overflow-wrap: anywhere; }
        textarea.mono { font-family: ui-monospace, "Liberation Mono", monospace; font-size: .88rem; }
        .actions { display: flex; flex-wrap: wrap; gap: .6rem; margin-top: .7rem; }
        button, .button { display: inline-block; font: inherit; font-weight: 550; text-decoration: none; cursor: pointer; border: 1px solid var(--accent); border-radius: 5px; padding: .38rem .95rem; background: var(--accent); color: var(--accenttext); white-space: nowrap; }
        button:hover, .button:hover { filter: brightness(1.08); }
        .plain { background: none; color: var(--accent); border-color: var(--strong); }
        .danger { background: var(--bad); border-color: var(--bad); color: var(--surface); }
        .small.button, .small.danger { padding: .1rem .6rem; font-size: .88rem; }
        a.small.danger { background: none; color: var(--bad); }
        .follow { display: flex; align-items: center; gap: .9rem; margin: 0 0 .9rem; } .follow[hidden] { display: none; }
        .pager { display: flex; gap: 1.4rem; margin-top: 1.2rem; }
        @media (max-width: 46rem) {
            .top, main, footer { padding-left: 1rem; padding-right: 1rem; }
            .timeline li { grid-template-columns: 1fr; gap: 0; } .timeline .when { text-align: left; padding: .5rem 0 0; }
            .entry { border-left: 0; padding-left: 0; } .entry::before { display: none; }
            .out { margin-left: 0; }
            .pairs { grid-template-columns: 1fr; } .pairs dd { margin-bottom: .4rem; }
        }
        """
}
