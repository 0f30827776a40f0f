/// Where an operator gives a token.
struct SignInView {
    var mistake: String?

    @MarkupBuilder var body: Markup {
        if let mistake {
            PagePart.notice(.bad) {
                tag(.p) {
                    tag(.strong) { "Not signed in." }
                    " \(mistake)"
                }
            }
        }
        tag(.form, .class("card narrow stack"), .action(PageLink("/signin")), .with(.method, "post")) {
            tag(.label, .with(.for, "token")) { "Operator's token" }
            tag(
                .input, .id("token"), .with(.type, "password"), .with(.name, "token"),
                .with(.autocomplete, "off"),
                .with(.spellcheck, "false"), .with(.ariaDescribedBy, "tokenhelp"), .isRequired)
            tag(.p, .id("tokenhelp"), .class("muted")) {
                "An OIDC token that an entry of operators in the configuration gives the right read. It stays in the gateway’s memory "
                "and is verified at each request; the browser keeps a name for it until you sign out."
            }
            tag(.div, .class("actions")) { tag(.button, .with(.type, "submit")) { "Sign in" } }
        }
    }
}
