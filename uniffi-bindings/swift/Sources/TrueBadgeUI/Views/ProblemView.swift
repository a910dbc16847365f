#if canImport(SwiftUI) && canImport(UIKit)
    import SwiftUI
    import TrueBadge

    /// What went wrong and what to do about it, as a row of a list.
    @available(iOS 17.0, *)
    public struct ProblemView: View {
        private let problem: TrueBadgeError

        /// About this error.
        public init(_ problem: TrueBadgeError) { self.problem = problem }

        /// The row.
        public var body: some View {
            Label {
                VStack(alignment: .leading, spacing: 4) {
                    Text(verbatim: problem.localizedDescription)
                    if let recovery = problem.recoverySuggestion {
                        Text(verbatim: recovery)
                            .font(.footnote)
                            .foregroundStyle(.secondary)
                    }
                }
            } icon: {
                symbol.foregroundStyle(.orange)
            }
            .accessibilityElement(children: .combine)
        }

        private var symbol: Image {
            switch problem {
            case .tryAgain: Image(systemName: "wifi.exclamationmark")
            case .locked: Image(systemName: "lock")
            case .signIn: Image(systemName: "person.badge.key")
            default: Image(systemName: "exclamationmark.triangle")
            }
        }
    }
#endif
