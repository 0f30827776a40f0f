import AuditTree
import Crypto
import Testing

@Suite struct TreeTests {
    /// The leaves of the test vectors of certificate-transparency's Merkle tree, and the roots over the first n of them
    /// (computed apart, in Python).
    private static let leaves: [[UInt8]] = [
        [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43], Array(0x50...0x57),
        Array(0x60...0x6f),
    ]
    private static let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    @Test func `the roots of RFC 6962's known trees come out`() {
        var edge = TreeEdge()
        #expect(hex(edge.root) == TreeTests.roots[0])
        for (at, leaf) in TreeTests.leaves.enumerated() {
            edge.append(.leaf(leaf.span)) { _ in }
            #expect(hex(edge.root) == TreeTests.roots[at + 1])
        }
    }

    @Test(arguments: [1, 2, 255, 256, 257, 511, 512, 513, 1000, 65_535, 65_536, 65_537, 66_000])
    func `the edge and the tiles give the root that the definition gives`(count: Int) {
        let tree = TestTree(count: count)
        let expected = TestTree.root(of: tree.leaves[...])
        #expect(tree.edge.root == expected)
        #expect(TreeProof.root(of: UInt64(count), tiles: tree.tile) == expected)
    }

    @Test func `a tree goes on from its tiles as if it had never ended`() {
        for count in [0, 1, 255, 256, 300, 65_536, 65_800] {
            let tree = TestTree(count: count)
            let again = TreeEdge(size: UInt64(count)) { tree.tile($0) }
            #expect(again == tree.edge)
        }
    }

    @Test func `the root of every earlier tree comes from the tiles of a later one`() {
        let tree = TestTree(count: 700)
        for size in 0...700 {
            #expect(
                TreeProof.root(of: UInt64(size), tiles: tree.tile) == TestTree.root(of: tree.leaves[..<size]))
        }
    }

    @Test func `a proof leads from its leaf to the root, and from no other`() {
        for count in [1, 2, 3, 5, 255, 256, 257, 600, 66_000] {
            let tree = TestTree(count: count)
            let root = tree.edge.root
            for index in Set([0, 1, 2, count / 2, count - 2, count - 1]) where (0..<count).contains(index) {
                let path = TreeProof.inclusion(of: UInt64(index), in: UInt64(count), tiles: tree.tile)
                func leads(_ leaf: TreeHash, _ index: Int, _ size: Int, _ path: [TreeHash]) -> Bool {
                    TreeProof.root(leaf: leaf, index: UInt64(index), size: UInt64(size), path: path) == root
                }
                #expect(leads(tree.leaves[index], index, count, path))
                #expect(!leads(TestTree.leaf(count + 1), index, count, path))
                #expect(!leads(tree.leaves[index], index, count, path + [root]))
                #expect(path.isEmpty || !leads(tree.leaves[index], index, count, Array(path.dropLast())))
                #expect(count == 1 || !leads(tree.leaves[index], (index + 1) % count, count, path))
                for at in path.indices {
                    var changed = path
                    changed[at] = TestTree.leaf(count + 2)
                    #expect(!leads(tree.leaves[index], index, count, changed))
                }
            }
        }
    }

    @Test func `a proof for an index beyond the tree, or a size that its path does not fit, is none`() {
        let leaf = TestTree.leaf(0)
        #expect(TreeProof.root(leaf: leaf, index: 1, size: 1, path: []) == nil)
        #expect(TreeProof.root(leaf: leaf, index: 0, size: 0, path: []) == nil)
        #expect(TreeProof.root(leaf: leaf, index: .max, size: .max, path: []) == nil)
        #expect(TreeProof.root(leaf: leaf, index: .max - 1, size: .max, path: []) == nil)
    }

    @Test func `tiles have the paths of tlog-tiles`() {
        // The example of the specification: index 1234067.
        #expect(TileAddress(level: 0, index: 1_234_067, width: 256).path == "tile/0/x001/x234/067")
        #expect(TileAddress(level: 0, index: 0, width: 256).path == "tile/0/000")
        #expect(TileAddress(level: 3, index: 999, width: 1).path == "tile/3/999.p/1")
        #expect(TileAddress(level: 1, index: 1000, width: 255).path == "tile/1/x001/000.p/255")
    }

    @Test func `a tile is as wide as the tree has hashes for it`() {
        #expect(TileAddress.holding(level: 0, hash: 0, of: 0) == nil)
        #expect(
            TileAddress.holding(level: 0, hash: 299, of: 300) == TileAddress(level: 0, index: 1, width: 44))
        #expect(TileAddress.holding(level: 0, hash: 300, of: 300) == nil)
        #expect(TileAddress.holding(level: 1, hash: 0, of: 300) == TileAddress(level: 1, index: 0, width: 1))
        #expect(TileAddress.holding(level: 8, hash: 0, of: .max) == nil)
    }

    private func hex(_ hash: TreeHash) -> String {
        hash.bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}

/// A tree in memory, and its root by the definition of RFC 6962 section 2.1.
struct TestTree {
    let leaves: [TreeHash]
    let edge: TreeEdge
    private let tiles: [String: [TreeHash]]

    init(count: Int) {
        leaves = (0..<count).map(TestTree.leaf)
        var edge = TreeEdge()
        var tiles: [String: [TreeHash]] = [:]
        for leaf in leaves { edge.append(leaf) { tiles[$0.address.path] = $0.hashes } }
        for tile in edge.partialTiles { tiles[tile.address.path] = tile.hashes }
        self.edge = edge
        self.tiles = tiles
    }

    static func leaf(_ number: Int) -> TreeHash { .leaf(Array("leaf \(number)".utf8).span) }

    /// A narrower tile is the beginning of a wider one.
    func tile(_ address: TileAddress) -> [TreeHash] {
        for width in address.width...TileAddress.full {
            let wider = TileAddress(level: address.level, index: address.index, width: width)
            if let hashes = tiles[wider.path] { return Array(hashes.prefix(address.width)) }
        }
        Issue.record("no tile \(address.path)")
        return Array(repeating: .empty, count: address.width)
    }

    static func root(of leaves: ArraySlice<TreeHash>) -> TreeHash {
        if leaves.count < 2 { return leaves.first ?? .empty }
        var half = 1
        while half * 2 < leaves.count { half *= 2 }
        let middle = leaves.startIndex + half
        return .node(root(of: leaves[..<middle]), root(of: leaves[middle...]))
    }
}
