/// Names one replica: the database it belongs to and its own name, which is unique only within that database.
package struct ReplicaID: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let database: String
    package let replica: String

    package init(database: String, replica: String) {
        self.database = database
        self.replica = replica
    }

    package var description: String { "\(database)/\(replica)" }

    package static func < (left: ReplicaID, right: ReplicaID) -> Bool {
        (left.database, left.replica) < (right.database, right.replica)
    }
}
