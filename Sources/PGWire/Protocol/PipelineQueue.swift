/// A first-in, first-out queue over one array: elements leave by moving an index, and the room is used again
/// once the queue is empty. So a session in its steady state allocates nothing, and one that is idle holds
/// little.
struct PipelineQueue<Element> {
    /// Room up to this many elements is kept when the queue becomes empty.
    private static var keptCapacity: Int { 64 }

    private var elements: ContiguousArray<Element> = []
    private var head = 0

    var count: Int { elements.count &- head }
    var isEmpty: Bool { head == elements.count }
    var first: Element? { isEmpty ? nil : elements[head] }

    /// The element at `index`, counted from the first; `index` must be below `count`.
    subscript(index: Int) -> Element {
        get { elements[head &+ index] }
        set { elements[head &+ index] = newValue }
    }

    mutating func append(_ element: Element) {
        elements.append(element)
    }

    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        head &+= 1
        reuse()
        return element
    }

    /// Removes the element behind the first; there must be two.
    mutating func removeSecond() {
        elements[head &+ 1] = elements[head]
        head &+= 1
        reuse()
    }

    mutating func insertBehindFirst(_ element: Element, count: Int) {
        guard count > 0 else { return }
        let copies = repeatElement(element, count: count)
        elements.insert(contentsOf: copies, at: isEmpty ? elements.count : head &+ 1)
    }

    private mutating func reuse() {
        if head == elements.count {
            elements.removeAll(keepingCapacity: elements.capacity <= Self.keptCapacity)
            head = 0
        } else if head >= Self.keptCapacity, head &* 2 >= elements.count {
            elements.removeSubrange(0..<head)
            head = 0
        }
    }
}
