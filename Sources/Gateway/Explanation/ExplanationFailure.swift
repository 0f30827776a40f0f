import Gateway

/// Why nothing can be explained.
package enum ExplanationFailure: Error, Sendable {
    /// A login ends before the policy is asked: what an executor would be told, and what is known beyond that.
    case refused(Refusal, cause: String)
    /// The question cannot be read: no login could be like it.
    case question(String)
}
