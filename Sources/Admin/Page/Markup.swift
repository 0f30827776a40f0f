import Audit

/// A piece of HTML. It is made of elements, attributes and text, and of nothing else: whatever a text holds, it is shown as
/// text (F-OPS-10). Names of elements are a closed set, those of attributes literals of the source, and links lead into the
/// page itself.
///
/// Escaping goes by Unicode scalars: a quote that a combining mark follows is another `Character` than a quote, and a
/// quote for a browser all the same.
package struct Markup: Sendable, Hashable {
    package private(set) var html: String

    private init(html: String) { self.html = html }

    static let empty = Markup(html: "")

    /// Text. Controls and what changes the direction of text are shown as escapes, but for line breaks and tabs.
    package static func text(_ text: String) -> Markup {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            case "\n", "\t": out.unicodeScalars.append(scalar)
            default:
                if VisibleText.isHidden(scalar) {
                    out += "\\u{\(String(scalar.value, radix: 16))}"
                } else {
                    out.unicodeScalars.append(scalar)
                }
            }
        }
        return Markup(html: out)
    }

    static func all(_ parts: [Markup]) -> Markup { Markup(html: parts.map(\.html).joined()) }

    static func element(_ element: Element, _ attributes: [Attribute], _ content: Markup) -> Markup {
        let written = attributes.map(\.html).joined()
        guard !element.isVoid else { return Markup(html: "<\(element.rawValue)\(written)>") }
        return Markup(html: "<\(element.rawValue)\(written)>\(content.html)</\(element.rawValue)>")
    }

    /// A whole document.
    static func document(_ root: Markup) -> String { "<!DOCTYPE html>\n" + root.html + "\n" }
}

/// The elements that the page has. None of them takes a script's or a style's text.
package enum Element: String, Sendable, Hashable {
    case a, body, button, caption, code, dd, details, div, dl, dt, em, footer, form, h1, h2, h3, head, header,
        html, input,
        label, li, link, main, meta, nav, ol, option, p, pre, script, section, select, small, span, strong,
        summary, table,
        tbody, td, textarea, th, thead, time, title, tr, ul

    var isVoid: Bool {
        switch self {
        case .input, .link, .meta: true
        case .a, .body, .button, .caption, .code, .dd, .details, .div, .dl, .dt, .em, .footer, .form, .h1,
            .h2, .h3, .head,
            .header, .html, .label, .li, .main, .nav, .ol, .option, .p, .pre, .script, .section, .select,
            .small, .span,
            .strong, .summary, .table, .tbody, .td, .textarea, .th, .thead, .time, .title, .tr, .ul:
            false
        }
    }
}

/// An attribute of an element. Its value is quoted, and escaped as text is.
struct Attribute: Sendable {
    let html: String

    private init(_ name: StaticString, _ value: String) {
        html = " \(name)=\"\(Markup.text(value).html)\""
    }

    /// Without a value.
    private init(_ name: StaticString) { html = " \(name)" }

    static func `class`(_ names: StaticString) -> Attribute { Attribute("class", "\(names)") }
    static func id(_ name: StaticString) -> Attribute { Attribute("id", "\(name)") }
    static func href(_ link: PageLink) -> Attribute { Attribute("href", link.text) }
    static func source(_ link: PageLink) -> Attribute { Attribute("src", link.text) }
    static func action(_ link: PageLink) -> Attribute { Attribute("action", link.text) }
    static func value(_ text: String) -> Attribute { Attribute("value", text) }
    /// Of a link to a file that is to be kept.
    static func download(_ name: String) -> Attribute { Attribute("download", name) }
    static func moment(_ time: String) -> Attribute { Attribute("datetime", time) }
    /// Of an element's name for those who do not see it.
    static func label(_ text: String) -> Attribute { Attribute("aria-label", text) }
    /// Of a field of a form.
    static func name(_ name: String) -> Attribute { Attribute("name", name) }
    /// Any other, none of which takes a link or a script.
    static func with(_ name: Name, _ value: StaticString) -> Attribute { Attribute(name.literal, "\(value)") }
    static let isDefer = Attribute("defer")
    static let isRequired = Attribute("required")
    static let isSelected = Attribute("selected")
    static let isChecked = Attribute("checked")
    static let isHidden = Attribute("hidden")
    static let isOpen = Attribute("open")

    enum Name: Sendable {
        case autocomplete, charset, colspan, content, `for`, lang, maxlength, method, name, rel, rows, role,
            scope,
            spellcheck, tabindex, type, ariaCurrent, ariaDescribedBy, ariaLabelledBy, ariaLive

        fileprivate var literal: StaticString {
            switch self {
            case .autocomplete: "autocomplete"
            case .charset: "charset"
            case .colspan: "colspan"
            case .content: "content"
            case .for: "for"
            case .lang: "lang"
            case .maxlength: "maxlength"
            case .method: "method"
            case .name: "name"
            case .rel: "rel"
            case .rows: "rows"
            case .role: "role"
            case .scope: "scope"
            case .spellcheck: "spellcheck"
            case .tabindex: "tabindex"
            case .type: "type"
            case .ariaCurrent: "aria-current"
            case .ariaDescribedBy: "aria-describedby"
            case .ariaLabelledBy: "aria-labelledby"
            case .ariaLive: "aria-live"
            }
        }
    }
}

/// A link into the page itself.
struct PageLink: Sendable, Hashable {
    let text: String

    /// - Parameters:
    ///   - path: begins with a slash.
    ///   - steps: that follow, escaped.
    ///   - query: fields, of which empty ones are left out.
    init(
        _ path: StaticString, steps: [String] = [], end: StaticString = "", _ query: [(String, String?)] = []
    ) {
        let fields = query.compactMap { name, value in
            value.flatMap { $0.isEmpty ? nil : "\(FormFields.encoded(name))=\(FormFields.encoded($0))" }
        }
        text =
            "\(path)" + steps.map { "/" + FormFields.encoded($0) }.joined() + "\(end)"
            + (fields.isEmpty ? "" : "?" + fields.joined(separator: "&"))
    }
}

@resultBuilder
enum MarkupBuilder {
    static func buildExpression(_ text: String) -> Markup { .text(text) }
    static func buildExpression(_ text: String?) -> Markup { .text(text ?? "") }
    static func buildExpression(_ part: Markup) -> Markup { part }
    static func buildExpression(_ parts: [Markup]) -> Markup { .all(parts) }
    static func buildBlock(_ parts: Markup...) -> Markup { .all(parts) }
    static func buildOptional(_ part: Markup?) -> Markup { part ?? .empty }
    static func buildEither(first: Markup) -> Markup { first }
    static func buildEither(second: Markup) -> Markup { second }
    static func buildArray(_ parts: [Markup]) -> Markup { .all(parts) }
}

/// An element with what it holds.
func tag(
    _ element: Element, _ attributes: Attribute..., @MarkupBuilder content: () -> Markup = { .empty }
) -> Markup {
    .element(element, attributes, content())
}
