/// Code of a database that its operator vouches for (`databases.NAME.harmless`): the gateway does not know it, and takes
/// it for harmless all the same. What the gateway knows to do harm stays what it is.
package struct DeclaredHarmless: Sendable, Hashable {
    /// C libraries, as `probin` names them without `$libdir/`.
    package var libraries: Set<String>
    /// Functions in a language that cannot be followed: `schema.name`, all that have it.
    package var functions: Set<String>

    package init(libraries: Set<String> = [], functions: Set<String> = []) {
        self.libraries = libraries
        self.functions = functions
    }

    /// Of the server's own folder of libraries alone: another file may be anybody's.
    func covers(library: String) -> Bool {
        KnownLibraries.name(library).map(libraries.contains) ?? false
    }

    func covers(_ function: CatalogRows.Function) -> Bool {
        functions.contains("\(function.schema).\(function.name)")
    }
}
