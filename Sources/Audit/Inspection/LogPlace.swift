/// A place between two records of a log.
package struct LogPlace: Sendable, Equatable {
    /// The number of the record that comes next.
    package let position: UInt64
    /// The first number of the segment that the record before it stands in; nil: there is none before it.
    package let segment: UInt64?
    /// Where in that segment the next line begins.
    package let offset: Int

    package init(position: UInt64, segment: UInt64?, offset: Int) {
        self.position = position
        self.segment = segment
        self.offset = offset
    }
}
