import AsyncHTTPClient

/// What an issuer answers to one request, bounded in bytes.
enum ProviderAnswer {
    /// Why there is no answer to be read.
    enum Failure: Error {
        /// What a reader of logs may see of why.
        case unreachable(why: String)
        case redirected
        case status(UInt)
        case tooLarge
    }

    /// - Parameter limit: bytes that the body may have; of a longer one no more is read.
    static func body(
        of request: HTTPClientRequest, by client: HTTPClient, limit: Int
    ) async throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var status: UInt = 0
        var tooLarge = false
        do {
            let response = try await client.execute(request, timeout: .seconds(10))
            status = response.status.code
            if status == 200 {
                for try await piece in response.body {
                    guard bytes.count + piece.readableBytes <= limit else {
                        tooLarge = true
                        break
                    }
                    bytes.append(contentsOf: piece.readableBytesView)
                }
            }
        } catch {
            throw .unreachable(why: KeyFetcher.printable(error))
        }
        guard !(300..<400).contains(status) else { throw .redirected }
        guard status == 200 else { throw .status(status) }
        guard !tooLarge else { throw .tooLarge }
        return bytes
    }
}
