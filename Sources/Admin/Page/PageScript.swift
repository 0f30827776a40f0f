/// The page's one script: it follows the log where a reader asks for it. All else works without it. What records say gets
/// into the document as text nodes only (F-OPS-10).
enum PageScript {
    static let text = """
        "use strict";
        (() => {
            const box = document.getElementById("follow");
            const button = document.getElementById("followbutton");
            const state = document.getElementById("followstate");
            const most = 200;
            if (!box || !window.EventSource) return;
            box.hidden = false;
            let source = null;
            let count = 0;

            const add = (parent, name, text, className) => {
                const element = document.createElement(name);
                if (text !== undefined && text !== null) element.textContent = String(text);
                if (className) element.className = className;
                parent.appendChild(element);
                return element;
            };
            // As the server shows text: controls and what changes its direction do nothing.
            const shown = (text) => String(text ?? "").replace(
                /[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u2028-\\u202e\\u2066-\\u2069]/g,
                (character) => "\\\\u{" + character.charCodeAt(0).toString(16) + "}");
            const link = (parent, steps, text) => {
                const anchor = add(parent, "a", text);
                anchor.href = "/" + steps.map(encodeURIComponent).join("/");
                return anchor;
            };
            const facts = (record) => ["operation", "target", "tag", "rows", "duration_us", "sqlstate", "reason"]
                .filter((key) => record[key] !== undefined && typeof record[key] !== "object")
                .map((key) => key + " " + shown(record[key])).join(" · ");

            const show = (event) => {
                const body = document.getElementById("records");
                if (!body) return location.reload();
                const item = JSON.parse(event.data);
                const record = item.record ?? {};
                const row = document.createElement("tr");
                row.className = "fresh";
                const head = add(row, "th", null, "mono");
                head.scope = "row";
                link(head, ["log", item.region, item.seq], item.seq);
                add(head, "span", item.region, "sub");
                add(row, "td", shown(record.time).replace("T", " ").slice(0, 23), "mono");
                add(add(row, "td"), "span", shown(record.type ?? "long record"), "type");
                const who = add(row, "td", shown(record.subject ?? ""));
                if (record.session) {
                    const below = add(who, "span", null, "sub");
                    link(below, ["timeline", record.session], record.session).className = "mono";
                }
                const what = add(row, "td", null, "what");
                if (record.sql !== undefined) add(what, "code", shown(record.sql).slice(0, 2000), "sqlline");
                add(what, "span", facts(record), "facts");
                body.prepend(row);
                while (body.rows.length > most) body.deleteRow(-1);
                count += 1;
                state.textContent = count + " new";
            };

            const stop = (text) => {
                if (source) source.close();
                source = null;
                button.textContent = "Follow live";
                state.textContent = text;
            };
            button.addEventListener("click", () => {
                if (source) return stop("stopped");
                const query = new URLSearchParams(location.search);
                const asked = new URLSearchParams();
                for (const name of ["region", "type"]) if (query.get(name)) asked.set(name, query.get(name));
                source = new EventSource("/live?" + asked);
                source.addEventListener("record", show);
                source.addEventListener("open", () => { state.textContent = "following; other conditions than region and type do not hold here"; });
                source.addEventListener("error", () => stop("the stream ended"));
                button.textContent = "Stop";
                state.textContent = "connecting";
            });
        })();

        """
    static let icon = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0a6570"/><path d="M4 12V6.5L8 3.5l4 3V12H9.5V8.5h-3V12z" fill="#fff"/></svg>

        """
}
